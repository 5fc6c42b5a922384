"""Findings: the messages that fail a test. Each is reported once."""

from __future__ import annotations

from collections.abc import Callable

from ..reading.recorded import rejected_metrics
from ..service.faults.fault import Fault
from ..service.journal import Call
from ..service.service import Service
from .assertions import check_no_rejected_metrics
from .unused_faults import why_unused

OptOutHint = Callable[[str, str], str]
"""Returns the code that gives a setting a value, from the names of both."""


class Findings:
    """The messages that fail a test, from what one service has recorded."""

    def __init__(
        self,
        service: Service,
        opt_out_hint: OptOutHint,
        more: Callable[[], list[str]],
    ) -> None:
        self._service = service
        self._opt_out_hint = opt_out_hint
        self._more = more
        """Returns the findings of other parts of the mock, each once."""
        self.reset()

    def reset(self) -> None:
        """Forget all findings."""
        self._kept: list[str] = []
        self._judged = 0
        self._reported: list[Fault] = []
        self._outlasting: list[Fault] = []
        """The faults that may still fire in a later example."""

    def take(self, unused: bool = True) -> list[str]:
        """Return and clear the messages that fail the test.

        `unused=False` leaves out the faults that have not fired: they may still fire.
        """
        found, self._kept = self._kept, []
        found += self._service.take_errors()
        if unused:
            found += self._unused_faults()
        found += self._more()
        calls, self._judged = self._service.calls[self._judged :], len(self._service.calls)
        return found + self._rejected_by_rules(calls)

    def _rejected_by_rules(self, calls: list[Call]) -> list[str]:
        if self._service.settings.rejected_metrics == "ignore":
            return []
        rejected = [one for one in rejected_metrics(self._service, calls) if not one.injected]
        message = check_no_rejected_metrics(rejected)
        if message is None:
            return []
        hint = self._opt_out_hint("rejected_metrics", "ignore")
        return [f"{message}\n  turned off by {hint}"]

    def _unused_faults(self) -> list[str]:
        if self._service.settings.unused_faults == "ignore":
            return []
        done = (*self._reported, *self._outlasting)
        faults = [
            fault
            for fault in self._service.injection.added
            if not (fault.has_fired or fault.has_raised or fault.optional or fault in done)
        ]
        self._reported += faults
        hint = self._opt_out_hint("unused_faults", "ignore")
        off = f"\n  turned off by optional=True for this fault, by {hint} for all"
        return [why_unused(self._service, fault) + off for fault in faults]

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        judged = self._judged

        def restore() -> None:
            self._judged = judged

        return restore

    def begin_examples(self) -> None:
        """Stop reporting the present faults as unused: any example may make them fire."""
        self._outlasting = list(self._service.injection.added)

    def end_examples(self) -> None:
        """Report all unused faults again."""
        self._outlasting = []

    def keep(self, found: list[str]) -> None:
        """Keep these messages: the next `take` returns them, too."""
        self._kept += found
