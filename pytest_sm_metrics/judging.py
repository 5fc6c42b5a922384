"""What a test is judged by once its body has passed: the mocks it ran in, and the calls that were blocked."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from . import running
from .explaining import counted, joined
from .mock import SageMakerMetricsMock
from .service.operations import operation_named, trial_components_in
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
        self._in_examples: list[SageMakerMetricsMock] = []

    def refuse(self, operation: str, body: bytes) -> UnmockedCallError:
        """The error of a call that is blocked."""
        named = operation_named(operation)
        trial_component = named.trial_component(body, None) if named else None
        names = [repr(name) for name in trial_components_in(operation, body) if name is not None]
        call = (
            f"{operation} for trial component{'s' * (len(names) > 1)} {', '.join(names)}"
            if names
            else operation
        )
        thread = threading.current_thread()
        where = "" if thread is threading.main_thread() else f", in the thread {thread.name!r}"
        if running.test is not None:
            self._blocked.append(f"{call} ({running.phase}{where})")
        return UnmockedCallError(_why(call, where), operation, trial_component, running.test)

    def take(self, unused: bool = True) -> list[str]:
        """What is to be told, of all that happened since this was last asked; `unused`: also of faults that have not fired by now."""
        active = active_mocks()
        found = self._kept
        for mock in self.mocks:
            found += mock._findings.take(
                unused and not (mock._findings.is_shared and mock in active)
            )
        blocked, self._blocked, self._kept = self._blocked, [], []
        if blocked:
            found.append(_blocked_finding(blocked))
        self.mocks = [mock for mock in self.mocks if mock in active]
        return found

    def checkpoint(self) -> Callable[[], None]:
        """What brings the mocks that are on back to the state of now."""
        self._in_examples = active_mocks()
        restores = [mock._findings.checkpoint() for mock in self._in_examples]

        def restore() -> None:
            for restore_mock in restores:
                restore_mock()

        return restore

    def resume(self, found: list[str]) -> None:
        """The examples are over; this was found before them, and is to be told after all."""
        self._kept += found
        for mock in self._in_examples:
            mock._findings.resume([])
        self._in_examples = []


def _why(call: str, where: str) -> str:
    head = (
        f"{call} was called outside a mock of SageMaker Metrics, and blocked; it did not reach AWS"
    )
    if running.test is None:
        fixes = ["to have it answered: make it in a test or a fixture, or enter mock_sm_metrics()"]
        fixes += ["or end the thread in the test that starts it"] if where else []
        return joined(head, [f"no test ran at that moment{where}", *fixes])
    details = [
        f"the test: {running.test} ({running.phase}){where}",
        f"to have it answered: {_fix(running.phase + where)}",
        'to have it answered where nobody looks at it: @pytest.mark.sm_metrics(mode="mock")',
        'to let it reach AWS: @pytest.mark.sm_metrics(mode="off")',
    ]
    return joined(head, details)


def _fix(where: str) -> str:
    fixture = "ask for the fixture sm_metrics"
    if "setup" in where or "teardown" in where:
        fixture += ", or for sm_metrics_class, _module, _package or _session where a fixture of that scope makes the call"
    thread = "; or end the thread in the test that starts it" if "thread" in where else ""
    return f"{fixture}; or enter mock_sm_metrics(){thread}"


def _blocked_finding(blocked: list[str]) -> str:
    kinds = Counter(blocked)
    shown = [f"{call}: {counted(times, 'time')}" for call, times in list(kinds.items())[:_SHOWN]]
    more = [f"and {len(kinds) - _SHOWN} other kinds"] if len(kinds) > _SHOWN else []
    head = f"{counted(len(blocked), 'call')} outside a mock of SageMaker Metrics {'was' if len(blocked) == 1 else 'were'} blocked"
    details = [*shown, *more, "each raised an UnmockedCallError, which did not fail the test"]
    details.append(
        f"to have them answered: {_fix(' '.join(call.rpartition('(')[2] for call in kinds))}"
    )
    return (
        joined(head, details)
        + '\n  turned off by @pytest.mark.sm_metrics(mode="off"): they reach AWS'
    )


def verdict(found: list[str]) -> str:
    """All findings in one message."""
    return "\n".join([*found, "the test itself passed"])
