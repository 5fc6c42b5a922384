"""The judge of a session: the messages that fail a test."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ..activation.activation import active_mocks
from ..aws.active import active
from ..current_test import current_test
from ..exceptions import UnmockedCallError
from ..service.operations import operation_named, trial_components_in


class Judge:
    """Collects the messages that fail a test: from its mocks, and for its blocked calls."""

    def __init__(self) -> None:
        self.blocked: list[str] = []
        """The blocked calls of the test."""
        self._reported = 0
        """The number of blocked calls that are reported."""
        self._kept: list[str] = []

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
        if current_test.name is not None:
            self.blocked.append(f"{call} ({current_test.phase}{where})")
        message = why_blocked(call, where)
        return UnmockedCallError(message, operation_name, trial_component, current_test.name)

    def begin_test(self) -> None:
        """Forget the blocked calls of the test before, as far as they are reported."""
        self.blocked, self._reported = self.blocked[self._reported :], 0

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
        blocked, self._reported = self.blocked[self._reported :], len(self.blocked)
        if blocked:
            from .blocking import blocked_finding

            found.append(blocked_finding(blocked))
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


_JUDGE = pytest.StashKey[Judge]()


def judge_of(config: pytest.Config) -> Judge:
    """Return the judge of a session."""
    return config.stash.setdefault(_JUDGE, Judge())


def verdict(found: list[str]) -> str:
    """Return all findings in one message."""
    return "\n".join([*found, "the test itself passed"])
