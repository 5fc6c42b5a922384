"""Blocking: calls outside a mock raise, and fail the test that made them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

from ..aws.active import active
from ..current_test import current_test
from ..exceptions import UnmockedCallError
from ..wording import counted, joined
from .judge import judge_of

_SHOWN = 5  # kinds of calls in a message


def block_session(config: pytest.Config) -> None:
    """Block calls outside a mock for the session, or for the process if pytest owns it."""
    restore, is_last = block(config, True), _owns_the_process()
    config.add_cleanup(lambda: None if is_last or hasattr(config, "workerinput") else restore())
    config.add_cleanup(_leave_outer_test())


def block(config: pytest.Config, on: bool) -> Callable[[], None]:
    """Block calls outside a mock, or let them pass. Return a function that restores the state."""
    refuse = judge_of(config).refuse if on else None
    allowed_hosts = config.getini("sm_metrics_allowed_hosts")
    restore: Callable[[], None] = active.interception.block(refuse, allowed_hosts)
    return restore


@contextmanager
def expect_blocked_calls(config: pytest.Config) -> Generator[list[UnmockedCallError]]:
    """Block calls outside a mock, and collect them instead of failing the test."""
    judge = judge_of(config)
    outer, judge.expected = judge.expected, []
    restore = block(config, True)
    try:
        yield judge.expected
    finally:
        restore()
        judge.expected = outer


def _leave_outer_test() -> Callable[[], None]:
    """Forget the test that runs this session in its process. Return a function that restores it."""
    outer = current_test.name, current_test.phase
    current_test.name, current_test.phase = None, ""

    def restore() -> None:
        current_test.name, current_test.phase = outer

    return restore


def _owns_the_process() -> bool:
    """Return True if pytest was started as a program.

    Then threads that outlive the tests, and functions that run at exit, must reach nothing either.
    """
    frame: Any = sys._getframe()
    pytests = pytest.main.__globals__
    while frame:
        is_main = frame.f_globals is pytests and frame.f_code.co_name in ("main", "_main")
        if is_main:
            break
        frame = frame.f_back
    while frame and frame.f_globals is pytests:
        if frame.f_code.co_name.endswith("console_main"):
            return True
        frame = frame.f_back
    return False


def why_blocked(call: str, where: str) -> str:
    """Return the message of the error for a blocked call: which call, and where it was made."""
    head = (
        f"{call} was called outside a mock of SageMaker Metrics, and blocked; it did not reach AWS"
    )
    if current_test.name is None:
        fixes = ["to have it answered: make it in a test or a fixture, or enter mock_sm_metrics()"]
        fixes += ["or end the thread in the test that starts it"] if where else []
        return joined(head, [f"no test ran at that moment{where}", *fixes])
    phase = current_test.phase
    details = [
        f"the test: {current_test.name} ({phase}){where}",
        f"to have it answered: {_fix(phase + where)}",
        'to have it answered by a mock that the test ignores: @pytest.mark.sm_metrics(mode="mock")',
        'to let it reach AWS: @pytest.mark.sm_metrics(mode="off")',
    ]
    return joined(head, details)


def _fix(where: str) -> str:
    fixture = "ask for the fixture sm_metrics"
    if "setup" in where or "teardown" in where:
        fixture += (
            ", or for sm_metrics_class, _module, _package or _session where a fixture of that "
            "scope makes the call"
        )
    thread = "; or end the thread in the test that starts it" if "thread" in where else ""
    return f"{fixture}; or enter mock_sm_metrics(){thread}"


def blocked_finding(blocked: list[str]) -> str:
    """Return the message that fails a test for its blocked calls."""
    head, shown = _head_of(blocked), _kinds_of(blocked)
    why = "each raised an UnmockedCallError, which did not fail the test"
    where = " ".join(call.rpartition("(")[2] for call in blocked)
    opt_out = '\n  turned off by @pytest.mark.sm_metrics(mode="off"): they reach AWS'
    return joined(head, [*shown, why, f"to have them answered: {_fix(where)}"]) + opt_out


def outside_finding(blocked: list[str]) -> str:
    """Return the message that fails the run for calls that were blocked while no test ran."""
    details = [
        *_kinds_of(blocked),
        "each raised an UnmockedCallError, which failed no test",
        "to have them answered: make them in a test or a fixture, or enter mock_sm_metrics(); or "
        "end the thread in the test that starts it",
    ]
    opt_out = "\n  turned off by the ini option sm_metrics_mode = off: they reach AWS"
    return joined(f"{_head_of(blocked)} while no test ran", details) + opt_out


def _head_of(blocked: list[str]) -> str:
    were = "was" if len(blocked) == 1 else "were"
    return f"{counted(len(blocked), 'call')} outside a mock of SageMaker Metrics {were} blocked"


def _kinds_of(blocked: list[str]) -> list[str]:
    kinds = Counter(blocked)
    shown = [f"{call}: {counted(times, 'time')}" for call, times in list(kinds.items())[:_SHOWN]]
    more = [f"and {len(kinds) - _SHOWN} other kinds"] if len(kinds) > _SHOWN else []
    return [*shown, *more]
