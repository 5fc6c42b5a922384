"""Runs of pytest in forked processes, which have imported other projects' modules before."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import boto3  # noqa: F401  imported once for all children
import hypothesis
import pytest

OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=mutation"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported above

hypothesis.settings.register_profile(
    "mutation",
    deadline=None,
    max_examples=40,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)


class Ordered:
    """A plugin of pytest that runs some tests only, in an order."""

    def __init__(self, tests: list[str]):
        self._place = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid in self._place]
        items.sort(key=lambda item: self._place[item.nodeid])


class Run(NamedTuple):
    """A forked process that runs pytest, and until when it may."""

    pid: int
    deadline: float

    def result(self) -> int | None:
        """Return the exit code, a negative one if it was killed, or None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > self.deadline:
            os.killpg(self.pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return None

    def wait(self) -> int:
        """Return the exit code when it has ended."""
        while (result := self.result()) is None:
            time.sleep(0.02)
        return result


def fork(root: Path, action: Callable[[], int], timeout: float) -> Run:
    """Run an action in a child, in a copy of the project that it imports. Its output is lost."""
    pid = os.fork()
    if pid:
        return Run(pid, time.monotonic() + timeout)
    code = 99
    try:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open(root / "output.txt", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for descriptor, other in ((0, null), (1, log), (2, log)):
            os.dup2(other, descriptor)
        os.chdir(root)
        sys.path.insert(0, str(root))
        os.environ["PYTHONPATH"] = str(root)
        code = int(action())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run_tests(tests: list[str]) -> int:
    """Run tests in this process, in their order, until one fails. Return pytest's exit code."""
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    return pytest.main([*OPTIONS, *files], plugins=[Ordered(tests)])
