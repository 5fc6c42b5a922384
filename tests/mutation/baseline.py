"""The tests without a mutant: how long each takes, and which lines it runs."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

import coverage
import pytest

from .children import OPTIONS, fork


class Baseline(NamedTuple):
    """The seconds of each test, and by file and line the tests that run the line."""

    seconds: dict[str, float]
    tests: dict[str, dict[str, list[str]]]

    def batches_of(self, file: str, line: int) -> list[list[str]]:
        """Return the tests that may notice a change of a line, in two batches.

        The first has the tests of the three files whose names are nearest. A line that runs at the
        import may matter to all tests.
        """
        tests = self.tests.get(file, {}).get(str(line)) or list(self.seconds)
        words = _words(file)

        def common(test: str) -> int:
            return len(words & _words(test.partition("::")[0]))

        ordered = sorted(tests, key=lambda test: (-common(test), self.seconds[test]))
        files = list(dict.fromkeys(test.partition("::")[0] for test in ordered))[:3]
        near = [test for test in ordered if test.partition("::")[0] in files]
        far = sorted(set(tests) - set(near), key=lambda test: (self.seconds[test], test))
        return [batch for batch in (near, far) if batch]


def _words(path: str) -> set[str]:
    """Return the folders of a path and its name, without `test_`."""
    return {part.removeprefix("test_") for part in Path(path).with_suffix("").parts}


class _Recorder:
    """A plugin of pytest that names the running test to coverage, and measures its time."""

    def __init__(self, measured: coverage.Coverage, package: str):
        self._measured = measured
        self._package = package
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        _clear_caches(self._package)
        self._measured.switch_context(item.nodeid)
        begin = time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = round(time.perf_counter() - begin, 4)
        self._measured.switch_context("")
        return result


def _clear_caches(package: str) -> None:
    """Have each test run the lines of cached functions that it needs, and not only the first."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package:
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def _measure(package: str, tests: list[str], result: Path) -> int:
    measured = coverage.Coverage(data_file=None, source=[package], config_file=False)
    recorder = _Recorder(measured, package)
    measured.start()
    code = pytest.main([*OPTIONS, *tests], plugins=[recorder])
    measured.stop()
    data = measured.get_data()
    root = Path.cwd()
    lines = {
        Path(file).relative_to(root).as_posix(): {
            line: [context for context in contexts if context]
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }
    result.write_text(json.dumps([recorder.seconds, lines]), encoding="utf-8")
    return code


def measure(root: Path, package: str, tests: list[str]) -> Baseline:
    """Run tests in a copy of the project. Raise SystemExit if one fails."""
    result = root / "baseline.json"
    run = fork(root, lambda: _measure(package, tests, result), 1800)
    code = run.wait()
    if code != pytest.ExitCode.OK:
        raise SystemExit((root / "output.txt").read_text(encoding="utf-8"))
    return Baseline(*json.loads(result.read_text(encoding="utf-8")))
