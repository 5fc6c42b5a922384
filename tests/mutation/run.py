"""Change the code in small ways, one at a time, and report the changes that no test notices.

`nox -s mutation` runs this. `survivors.toml` lists the survivors that are known, each with the
reason why no test can notice it. The run fails if one survives that is not in the list.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

import pytest
import tomllib

from .baseline import Baseline, measure
from .children import fork, run_tests
from .mutants import Mutant, read, sample

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.toml")
PACKAGE = "pytest_sm_metrics"
# The cases are the data of a test, `conformance`: other data may show a rule as well.
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *(ROOT / PACKAGE / "service").rglob("*.py"),
        ROOT / PACKAGE / "cloudtrail" / "records.py",
        ROOT / PACKAGE / "cloudtrail" / "selectors.py",
    ]
    if path.name != "cases.py"
)
# What takes long, or starts processes, has no part in a run.
TESTS = [
    "tests/service",
    "--ignore=tests/service/test_fuzz.py",
    "--deselect=tests/service/get_metrics/test_queries.py::"
    "test_a_million_points_of_tiny_spread_around_a_large_value",
    "tests/cloudtrail",
    "tests/conformance",
    "tests/asserting",
    "tests/reading",
    "tests/reports/test_record.py",
    "tests/reports/test_failure_section.py",
    "tests/test_against_a_model.py",
    "tests/test_faults.py",
    "tests/test_settings.py",
]
LONGEST = 120.0  # seconds that a mutant may take: one that loops forever is noticed by that
KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timed out"


class Worker:
    """A copy of the project, in which one mutant at a time is tested."""

    def __init__(self, root: Path, sources: dict[str, str], baseline: Baseline):
        self._root = root
        self._sources = sources
        self._baseline = baseline
        self._count = 0
        self.mutant: Mutant | None = None

    def start(self, mutant: Mutant) -> None:
        """Write a mutant, and start the tests that run its line."""
        self.mutant = mutant
        self._write(mutant.code(self._sources[mutant.file]))
        self._batches = self._baseline.batches_of(mutant.file, mutant.line)
        self._start_batch()

    def _start_batch(self) -> None:
        tests = self._batches.pop(0)
        self._run = fork(self._root, lambda: run_tests(tests), LONGEST)

    def result(self) -> str | None:
        """Return how the mutant ended, or None while its tests run."""
        code = self._run.result()
        if code is None:
            return None
        passed = code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if passed and self._batches:
            self._start_batch()
            return None
        self._write(self._sources[self.mutant.file])
        return SURVIVED if passed else TIMEOUT if code < 0 else KILLED

    def _write(self, code: str) -> None:
        # Python takes a compiled file for current if the time and the size are the same.
        self._count += 1
        path = self._root / self.mutant.file
        path.write_text(code, encoding="utf-8")
        os.utime(path, (self._count, self._count))


def copy_project(target: Path) -> Path:
    """Copy what the tests need."""
    target.mkdir(parents=True)
    for name in (PACKAGE, "tests", "docs", "examples"):
        shutil.copytree(ROOT / name, target / name)
    for path in ROOT.glob("*.*"):
        if path.is_file():
            shutil.copy(path, target)
    return target


def test_all(
    mutants: list[Mutant], workers: list[Worker], on_survivor: Callable[[Mutant], None]
) -> dict[Mutant, str]:
    """Return how each mutant ended."""
    waiting = deque(mutants)
    results: dict[Mutant, str] = {}
    idle, busy = list(workers), []
    while waiting or busy:
        while idle and waiting:
            idle[0].start(waiting.popleft())
            busy.append(idle.pop(0))
        for worker in list(busy):
            if (result := worker.result()) is not None:
                results[worker.mutant] = result
                busy.remove(worker)
                idle.append(worker)
                if result is SURVIVED:
                    on_survivor(worker.mutant)
        time.sleep(0.02)
    return results


def known_survivors() -> dict[tuple[str, str, str], str]:
    """Return the reasons of the known survivors, by file and by change."""
    listed = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    return {(one["file"], one["before"], one["after"]): one["why"] for one in listed}


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=480, help="number of mutants, about")
    parser.add_argument("--seed", type=int, default=1, help="another number: another sample")
    parser.add_argument("--workers", type=int, default=2, help="mutants that are tested at once")
    parser.add_argument("--only", default="", help="a part of the names of the files")
    return parser.parse_args()


def main() -> int:
    """Test a sample. Return 1 if a mutant survives that the list does not explain."""
    options = parse_arguments()
    sources = read(ROOT, FILES)
    mutants = [m for m in sample(sources, options.size, options.seed) if options.only in m.file]
    print(f"seed {options.seed}: {len(mutants)} mutants", flush=True)
    return test_and_report(mutants, sources, options.workers)


def test_and_report(mutants: list[Mutant], sources: dict[str, str], count: int) -> int:
    """Test mutants in a number of workers. Return 1 if one survives that is not in the list."""
    known = known_survivors()
    unknown = []

    def report(mutant: Mutant) -> None:
        change = mutant.change(sources[mutant.file])
        listed = (mutant.file, *change) in known
        if not listed:
            unknown.append(mutant)
        print(f"{mutant.file}:{mutant.line}{' (listed)' if listed else ''}")
        print(f"  - {change[0]}\n  + {change[1]}", flush=True)

    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copies = [copy_project(Path(folder, str(number), "project")) for number in range(count)]
        baseline = measure(copies[0], PACKAGE, TESTS)
        print(f"{len(baseline.seconds)} tests, {time.monotonic() - begin:.0f} s", flush=True)
        workers = [Worker(copy, sources, baseline) for copy in copies]
        results = test_all(mutants, workers, report)
    counts = Counter(results.values())
    share = 100 * counts[SURVIVED] / max(len(results), 1)
    print(f"{time.monotonic() - begin:.0f} s: {dict(counts)}")
    print(f"{share:.1f} % survive; {len(unknown)} mutants of them are not in {SURVIVORS.name}")
    return bool(unknown)


if __name__ == "__main__":
    sys.exit(main())
