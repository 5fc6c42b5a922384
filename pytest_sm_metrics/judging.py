"""What a test is judged by once its body has passed: the mocks it ran in, and the calls that were blocked."""

from __future__ import annotations

import os
import threading
from collections import Counter

from .explaining import counted, joined
from .mock import SageMakerMetricsMock
from .service.parsing import trial_component_in
from .switching import active_mocks
from .unmocked import UnmockedCallError

_SHOWN = 5  # kinds of calls that a message shows


class Judge:
    """Keeps what is to be told after a test, and tells it once."""

    def __init__(self) -> None:
        self.mocks: list[SageMakerMetricsMock] = []
        """Those of the fixtures; a mock that is off is judged once more."""
        self._blocked: list[UnmockedCallError] = []

    def refuse(self, operation: str, body: bytes) -> UnmockedCallError:
        """The error of a call that is blocked."""
        phase = os.environ.get("PYTEST_CURRENT_TEST")
        error = _unmocked(operation, trial_component_in(body), phase)
        if phase is not None:
            self._blocked.append(error)
        return error

    def findings(self) -> list[str]:
        """What fails the test, of all that happened since this was last asked."""
        found = [finding for mock in self.mocks for finding in mock._judge()]
        blocked, self._blocked = self._blocked, []
        if blocked:
            found.append(_told(blocked))
        active = active_mocks()
        self.mocks = [mock for mock in self.mocks if mock in active]
        return found

    def check(self) -> None:
        """An AssertionError with all findings, if there are any."""
        __tracebackhide__ = True
        found = self.findings()
        if found:
            raise AssertionError(verdict(found))


def verdict(findings: list[str]) -> str:
    """All findings in one message."""
    return "\n".join(["the test itself passed, but:", *findings])


def _unmocked(operation: str, trial_component: str | None, phase: str | None) -> UnmockedCallError:
    test = phase and phase.rpartition(" (")[0]
    thread = threading.current_thread()
    where = "" if thread is threading.main_thread() else f", in the thread {thread.name!r}"
    details = [
        f"the test: {phase}{where}" if phase else f"no test ran at that moment{where}",
        "to have it answered: ask for the fixture sm_metrics (sm_metrics_module and so on where a fixture of that scope makes the call), "
        "or enter mock_sm_metrics()",
        'to have it answered where nobody looks at it: @pytest.mark.sm_metrics(mode="mock")',
        'to let it reach AWS: @pytest.mark.sm_metrics(mode="off")',
    ]
    head = f"{_call(operation, trial_component)} was called outside a mock of SageMaker Metrics, and blocked; it did not reach AWS"
    return UnmockedCallError(joined(head, details), operation, trial_component, test)


def _told(blocked: list[UnmockedCallError]) -> str:
    kinds = Counter(_call(error.operation or "", error.trial_component) for error in blocked)
    shown = [f"{call} ({counted(times, 'time')})" for call, times in list(kinds.items())[:_SHOWN]]
    more = [f"and {len(kinds) - _SHOWN} other kinds"] if len(kinds) > _SHOWN else []
    head = f"{counted(len(blocked), 'call')} outside a mock of SageMaker Metrics {'was' if len(blocked) == 1 else 'were'} blocked"
    details = [
        *shown,
        *more,
        "each raised an UnmockedCallError, which the code under test swallowed",
        "to have them answered: ask for the fixture sm_metrics, or enter mock_sm_metrics()",
    ]
    return (
        joined(head, details)
        + '\n  turned off by @pytest.mark.sm_metrics(mode="off"), which lets them reach AWS, or (mode="mock"), which answers them'
    )


def _call(operation: str, trial_component: str | None) -> str:
    return operation if trial_component is None else f"{operation} for trial component {trial_component!r}"
