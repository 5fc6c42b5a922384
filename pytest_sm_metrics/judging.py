"""What a test is judged by once its body has passed: the mocks it ran in, and the calls that were blocked."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from .activation.activation import active_mocks
from .aws.active import active
from .current_test import current_test
from .explaining import counted, joined
from .service.operations import operation_named, trial_components_in
from .unmocked import UnmockedCallError

_SHOWN = 5  # kinds of calls that a message shows


class Judge:
    """The judge of a pytest session: it collects the messages that fail a test."""

    def __init__(self) -> None:
        self._blocked: list[str] = []
        self._kept: list[str] = []

    def refuse(self, operation_name: str, body: bytes) -> UnmockedCallError:
        """Build the error for a blocked call from its operation and body."""
        operation = operation_named(operation_name)
        trial_component = operation.trial_component(body, None) if operation else None
        names = [repr(name) for name in trial_components_in(operation_name, body) if name]
        plural = "s" if len(names) > 1 else ""
        about = f" for trial component{plural} {', '.join(names)}" if names else ""
        call = f"{operation_name}{about}"
        thread = threading.current_thread()
        where = "" if thread is threading.main_thread() else f", in the thread {thread.name!r}"
        if current_test.name is not None:
            self._blocked.append(f"{call} ({current_test.phase}{where})")
        message = _why_blocked(call, where)
        return UnmockedCallError(message, operation_name, trial_component, current_test.name)

    def take(self, unused: bool = True) -> list[str]:
        """Return and clear the messages that fail the test.

        `unused`: include faults that have not fired by now; those of a shared mock only when it is
        off, since they may fire in a later test.
        """
        found, self._kept = self._kept, []
        for record in active.of_this_test():
            if record.judged_by is self:
                may_fire = record.scope_rank > 1 and record in active.stack
                found += record.mock._findings.take(unused and not may_fire)
        blocked, self._blocked = self._blocked, []
        if blocked:
            found.append(_blocked_finding(blocked))
        return found

    def keep(self, found: list[str]) -> None:
        """Return these messages with the next ones."""
        self._kept += found

    def begin_examples(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return a function that restores the active mocks, and one for the end of the examples."""
        mocks = active_mocks()
        restores = [mock._snapshot() for mock in mocks]
        for mock in mocks:
            mock._findings.begin_examples()

        def restore() -> None:
            for restore_mock in restores:
                restore_mock()

        def end() -> None:
            for mock in mocks:
                mock._findings.end_examples()

        return restore, end


def _why_blocked(call: str, where: str) -> str:
    head = (
        f"{call} was called outside a mock of SageMaker Metrics, and blocked; it did not reach AWS"
    )
    if current_test.name is None:
        fixes = ["to have it answered: make it in a test or a fixture, or enter mock_sm_metrics()"]
        fixes += ["or end the thread in the test that starts it"] if where else []
        return joined(head, [f"no test ran at that moment{where}", *fixes])
    details = [
        f"the test: {current_test.name} ({current_test.phase}){where}",
        f"to have it answered: {_fix(current_test.phase + where)}",
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
