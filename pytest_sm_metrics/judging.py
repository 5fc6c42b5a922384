"""What a test is judged by once its body has passed: the mocks it ran in, and the calls that were blocked."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from . import running
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
        self._blocked: list[str] = []
        self._kept: list[str] = []

    def refuse(self, operation: str, body: bytes) -> UnmockedCallError:
        """The error of a call that is blocked."""
        trial_component = trial_component_in(body)
        call = operation if trial_component is None else f"{operation} for trial component {trial_component!r}"
        thread = threading.current_thread()
        where = "" if thread is threading.main_thread() else f", in the thread {thread.name!r}"
        if running.test is not None:
            self._blocked.append(f"{call} ({running.phase}{where})")
        return UnmockedCallError(_why(call, where), operation, trial_component, running.test)

    def take(self) -> list[str]:
        """What is to be told, of all that happened since this was last asked."""
        found = self._kept + [finding for mock in self.mocks for finding in mock._findings.take()]
        blocked, self._blocked, self._kept = self._blocked, [], []
        if blocked:
            found.append(_blocked_finding(blocked))
        active = active_mocks()
        self.mocks = [mock for mock in self.mocks if mock in active]
        return found

    def keep(self, found: list[str]) -> None:
        """To be told later, after all."""
        self._kept += found

    def checkpoint(self) -> Callable[[], None]:
        """What brings the mocks that are on back to the state of now."""
        restores = [mock._findings.checkpoint() for mock in active_mocks()]

        def restore() -> None:
            for restore_mock in restores:
                restore_mock()

        return restore


def _why(call: str, where: str) -> str:
    head = f"{call} was called outside a mock of SageMaker Metrics, and blocked; it did not reach AWS"
    if running.test is None:
        fix = "to have it answered: make it in a test or a fixture, and end the threads of a test before the test ends"
        return joined(head, [f"no test ran at that moment{where}", fix])
    fixture = "ask for the fixture sm_metrics"
    if running.phase != "call":
        fixture += ", or for sm_metrics_class, _module, _package or _session where a fixture of that scope makes the call"
    details = [
        f"the test: {running.test} ({running.phase}){where}",
        f"to have it answered: {fixture}; or enter mock_sm_metrics()",
        'to have it answered where nobody looks at it: @pytest.mark.sm_metrics(mode="mock")',
        'to let it reach AWS: @pytest.mark.sm_metrics(mode="off")',
    ]
    return joined(head, details)


def _blocked_finding(blocked: list[str]) -> str:
    kinds = Counter(blocked)
    shown = [f"{call}: {counted(times, 'time')}" for call, times in list(kinds.items())[:_SHOWN]]
    more = [f"and {len(kinds) - _SHOWN} other kinds"] if len(kinds) > _SHOWN else []
    head = f"{counted(len(blocked), 'call')} outside a mock of SageMaker Metrics {'was' if len(blocked) == 1 else 'were'} blocked"
    fix = "to have them answered: ask for the fixture sm_metrics, or enter mock_sm_metrics()"
    details = [*shown, *more, "each raised an UnmockedCallError, which did not fail the test", fix]
    return joined(head, details) + '\n  turned off by @pytest.mark.sm_metrics(mode="off"): they reach AWS'


def verdict(found: list[str]) -> str:
    """All findings in one message."""
    return "\n".join([*found, "the test itself passed"])
