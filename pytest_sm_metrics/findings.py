"""What fails a test, of what its mock has recorded: each is told once."""

from __future__ import annotations

from collections.abc import Callable

from .asserting import check_no_rejected_metrics
from .reading import rejected_metrics
from .service.faults.fault import Fault
from .service.service import Service
from .unused_faults import why_unused

TurnedOffBy = Callable[[str, str], str]
"""From a setting and a value to how somebody gives it that value."""


class Findings:
    """Judges what one service has recorded."""

    def __init__(self, service: Service, turned_off_by: TurnedOffBy) -> None:
        self._service = service
        self._turned_off_by = turned_off_by
        self.is_shared = False
        """Whether several tests share the mock: then a fault may fire in a later one."""
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing has been found, nothing told."""
        self._kept: list[str] = []
        self._judged = 0
        self._told: list[Fault] = []
        self._outlasting: list[Fault] = []
        """Faults that may still fire in a later example."""

    def take(self, unused: bool = True) -> list[str]:
        """What is to be told, of all that arrived since this was last asked; `unused`: also of faults that have not fired by now."""
        found, self._kept = self._kept, []
        if unused:
            found += self._unused_faults()
        found += [told for watcher in self._service.watchers for told in watcher.findings()]
        calls, self._judged = self._service.calls[self._judged :], len(self._service.calls)
        if self._service.settings.rejected_metrics == "error":
            told = check_no_rejected_metrics(
                [one for one in rejected_metrics(self._service, calls) if not one.injected]
            )
            if told:
                found.append(
                    f"{told}\n  turned off by {self._turned_off_by('rejected_metrics', 'ignore')}"
                )
        return found

    def _unused_faults(self) -> list[str]:
        if self._service.settings.unused_faults == "ignore":
            return []
        faults = [
            fault
            for fault in self._service.injection.added
            if not (
                fault.has_fired
                or fault.optional
                or fault in self._told
                or fault in self._outlasting
            )
        ]
        self._told += faults
        off = f"\n  turned off by optional=True for this fault, by {self._turned_off_by('unused_faults', 'ignore')} for all"
        return [why_unused(self._service, fault) + off for fault in faults]

    def checkpoint(self) -> Callable[[], None]:
        """What brings the service and its findings back to the state of now, before each example."""
        judged, restore_service = self._judged, self._service.snapshot()
        self._outlasting = list(self._service.injection.added)

        def restore() -> None:
            restore_service()
            self._judged = judged

        return restore

    def resume(self, found: list[str]) -> None:
        """The examples are over; this was found before them, and is to be told after all."""
        self._outlasting = []
        self._kept += found
