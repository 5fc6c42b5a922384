"""What fails a test, of what its mock has recorded: each is told once."""

from __future__ import annotations

from collections.abc import Callable

from .asserting import check_no_rejected_metrics
from .reading import rejected_metrics
from .service.service import Service

TurnedOffBy = Callable[[str, str], str]
"""From a setting and a value to how somebody gives it that value."""


class Findings:
    """Judges what one service has recorded."""

    def __init__(self, service: Service, turned_off_by: TurnedOffBy) -> None:
        self._service = service
        self._turned_off_by = turned_off_by
        self.forget()

    def forget(self) -> None:
        """Begin anew: nothing has been found, nothing told."""
        self._kept: list[str] = []
        self._judged = 0

    def take(self) -> list[str]:
        """What is to be told, of all that arrived since this was last asked."""
        found, self._kept = self._kept, []
        calls, self._judged = self._service.calls[self._judged :], len(self._service.calls)
        if self._service.settings.rejected_metrics == "error":
            told = check_no_rejected_metrics([one for one in rejected_metrics(self._service, calls) if not one.injected])
            if told:
                found.append(f"{told}\n  turned off by {self._turned_off_by('rejected_metrics', 'ignore')}")
        return found

    def keep(self, found: list[str]) -> None:
        """To be told later, after all."""
        self._kept += found

    def checkpoint(self) -> Callable[[], None]:
        """What brings the service and its findings back to the state of now."""
        judged, restore_service = self._judged, self._service.checkpoint()

        def restore() -> None:
            restore_service()
            self._judged = judged

        return restore
