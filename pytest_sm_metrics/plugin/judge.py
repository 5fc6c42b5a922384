"""The judge of a session: the messages that fail a test."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from ..activation.activation import active_mocks, deactivate
from ..aws.active import ActiveMock, active
from ..current_test import current_test, name_of
from ..exceptions import UnmockedCallError
from ..service.operations import operation_named, trial_components_in


class Cause(enum.Enum):
    """The cause of a finding."""

    OWN = enum.auto()
    """The test's own mocks, and its blocked calls."""
    SHARED = enum.auto()
    """Shared mocks, and calls that were blocked during set-up and teardown: a wider fixture may
    have caused it."""
    ENDED = enum.auto()
    """A shared mock that is over."""


class Finding(NamedTuple):
    """A message that fails a test."""

    cause: Cause
    message: str


class BlockedCall(NamedTuple):
    """A call outside a mock that was blocked."""

    description: str
    phase: str


class Judge:
    """Collects the messages that fail a test: from its mocks, and for its blocked calls."""

    def __init__(self) -> None:
        self.expected: list[UnmockedCallError] | None = None
        """The blocked calls of a test that expects them; None for a test that does not."""
        self.is_finishing = False
        """True once the last test has run."""
        self._blocked: list[BlockedCall] = []
        self._outside: list[str] = []
        """The calls that were blocked while no test ran."""
        self._reported = 0
        """The number of blocked calls that are reported."""
        self._kept: list[str] = []
        self._raised: dict[tuple[str, str], list[str]] = {}
        """The findings that failed a phase of a test, until its report is logged."""

    @property
    def blocked(self) -> list[str]:
        """The blocked calls of the test that it did not expect, each in a few words."""
        return [call.description for call in self._blocked]

    def refuse(self, operation_name: str, body: bytes) -> UnmockedCallError:
        """Build the error for a blocked call from its operation and body."""
        from .blocking import why_blocked

        operation = operation_named(operation_name)
        trial_component = operation.trial_component(body, None) if operation else None
        names = [repr(name) for name in trial_components_in(operation_name, body) if name]
        plural = "s" if len(names) > 1 else ""
        about = f" for trial component{plural} {', '.join(names)}" if names else ""
        call = f"{operation_name}{about}"
        thread = threading.current_thread()
        where = "" if thread is threading.main_thread() else f", in the thread {thread.name!r}"
        error = UnmockedCallError(
            why_blocked(call, where), operation_name, trial_component, current_test.name
        )
        phase = "teardown" if self.is_finishing else current_test.phase
        if self.expected is not None:
            self.expected.append(error)
        elif current_test.name is not None or self.is_finishing:
            self._blocked.append(BlockedCall(f"{call} ({phase}{where})", phase))
        else:
            self._outside.append(f"{call} ({phase or 'outside of tests'}{where})")
        return error

    def begin_test(self, node_id: str) -> None:
        """Forget the reported calls of the test before, and an earlier attempt at this one."""
        for phase in ("call", "teardown"):
            self._raised.pop((node_id, phase), None)
        self._blocked, self._reported = self._blocked[self._reported :], 0

    def take(self, unused: bool = True) -> list[str]:
        """Return and clear the messages that fail the test.

        `unused`: include faults that have not fired by now; those of a shared mock only when it is
        off, since they may fire in a later test.
        """
        return [finding.message for finding in self.take_findings(unused)]

    def take_findings(self, unused: bool = True) -> list[Finding]:
        """Return and clear the messages that fail the test, with their causes.

        `unused`: include faults of the test's own mocks that have not fired by now.
        """
        found = [Finding(Cause.OWN, message) for message in self._kept]
        self._kept = []
        for record in active.of_this_test():
            if record.judged_by is self:
                found += _take_from(record, unused, self.is_finishing)
        left, active.left = active.left, []
        found += [Finding(Cause.OWN, text) for text, is_unused in left if unused or not is_unused]
        blocked, self._reported = self._blocked[self._reported :], len(self._blocked)
        if blocked:
            from .blocking import blocked_finding

            is_own = any(call.phase == "call" for call in blocked)
            message = blocked_finding([call.description for call in blocked])
            found.append(Finding(Cause.OWN if is_own else Cause.SHARED, message))
        return found

    def causes_beside(self, outcome: str) -> set[Cause]:
        """Return the causes of findings that are reported beside a test's own outcome.

        Findings never hide a test's own failure, and an expected failure covers the test's own.
        """
        if outcome == "failed":
            return {Cause.ENDED}
        return {Cause.SHARED, Cause.ENDED} if outcome == "xfailed" else set(Cause)

    def note_raised(self, node_id: str, phase: str, found: list[str]) -> None:
        """Remember findings until they are reported: an interruption may come first."""
        self._raised[node_id, phase] = list(found)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Forget the findings that a report has shown."""
        if not report.passed:
            self._raised.pop((report.nodeid, report.when or ""), None)

    def take_at_the_end(self) -> list[str]:
        """Return and clear all messages that no test has reported, after the last test."""
        raised = [message for found in self._raised.values() for message in found]
        self._raised.clear()
        found = [*raised, *self.stop_leftovers([]), *self.take()]
        outside, self._outside = self._outside, []
        if outside:
            from .blocking import outside_finding

            found.append(outside_finding(outside))
        return found

    def stop_leftovers(self, remaining: list[Any]) -> list[str]:
        """Deactivate the mocks that tests and fixtures started and did not stop.

        `remaining`: the nodes that are not torn down yet. Return a message for each mock.
        """
        found: list[str] = []
        for record in [one for one in active.stack if one.started_by is not None]:
            if record.started_by not in remaining:
                deactivate(record)
                found.append(_why_left_over(record))
                found += record.mock._findings.take()
        return found

    def keep(self, found: list[str]) -> None:
        """Return these messages with the next ones."""
        self._kept += found

    def begin_examples(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return a function that restores the present state, and one for the end of the examples.

        The state: the active mocks, and the calls that the test expects to be blocked.
        """
        mocks = active_mocks()
        expected, before = self.expected, list(self.expected or ())
        restores = [mock._snapshot() for mock in mocks]
        for mock in mocks:
            mock._findings.begin_examples()

        def restore() -> None:
            for restore_mock in restores:
                restore_mock()
            if expected is not None:
                expected[:] = before

        def end() -> None:
            for mock in mocks:
                mock._findings.end_examples()

        return restore, end


def _take_from(record: ActiveMock, unused: bool, is_finishing: bool) -> Iterator[Finding]:
    findings = record.mock._findings
    is_shared = record.scope_rank > 1
    cause = Cause.SHARED if is_shared else Cause.OWN
    for message in findings.take(unused=unused and not is_shared):
        yield Finding(cause, message)
    if is_shared and (record not in active.stack or is_finishing):
        for message in findings.take():
            yield Finding(Cause.ENDED, message)


def _why_left_over(record: ActiveMock) -> str:
    return (
        f"a mock that {name_of(record.started_by)} started is still on: it would answer later "
        "tests, and was switched off\n"
        "  - stop it: sm_metrics.stop(), in a teardown or with addCleanup; or use "
        "`with mock_sm_metrics()`, the decorator or the fixture sm_metrics"
    )


_JUDGE = pytest.StashKey[Judge]()


def judge_of(config: pytest.Config) -> Judge:
    """Return the judge of a session; its first use makes it a plugin, for its hook."""
    if _JUDGE not in config.stash:
        config.stash[_JUDGE] = Judge()
        config.pluginmanager.register(config.stash[_JUDGE], "sm_metrics_judge")
    return config.stash[_JUDGE]
