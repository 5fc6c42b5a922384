"""A trail: the events that it holds, and the log files that it delivers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from ..service.journal import Call
from ..service.service import Service
from ..wording import counted
from .deliveries import Deliveries
from .destinations import destination
from .eventbridge import envelope
from .records import is_recorded, record_of
from .selectors import Selection

OnEvent = Callable[[dict[str, Any]], object]

_SETTINGS = (
    "s3_bucket",
    "s3_prefix",
    "digests",
    "is_organization_trail",
    "only_region",
    "advanced_event_selectors",
    "_selects",
)
"""Attributes that calls can change."""


class _Span(NamedTuple):
    """A part of the journal in which a trail was logging, with its settings at that time."""

    start: int
    """The index of its first call."""
    end: int | None
    """The index after its last call; None while the trail logs."""
    selects: Selection
    only_region: str | None

    def indices(self, since: int, until: int) -> range:
        """Return the indices of its calls from `since` to before `until`."""
        end = until if self.end is None else min(self.end, until)
        return range(max(self.start, since), end)

    def contains(self, index: int) -> bool:
        """Return True if it contains the call of this index."""
        return self.start <= index and (self.end is None or index < self.end)


class Trail:
    """A trail of CloudTrail, which holds the events that its selectors select while it logs.

    `sm_metrics.cloudtrail.create_trail` makes one. So does a CreateTrail call of boto3 where
    another tool answers it, as moto does.
    """

    def __init__(
        self,
        service: Service,
        name: str,
        *,
        home_region: str,
        only_region: str | None,
        s3_bucket: str | None,
        s3_prefix: str | None,
        digests: bool = False,
        is_organization_trail: bool = False,
        on_event: OnEvent | None = None,
    ) -> None:
        self.service = service
        self.name = name
        """The name of the trail."""
        self.home_region = home_region
        """The region in which it was made."""
        self.only_region = only_region
        """The only region whose events it holds; None for all (a multi-region trail)."""
        self.s3_bucket = s3_bucket
        """The bucket that it delivers to."""
        self.s3_prefix = s3_prefix
        """The prefix of its keys."""
        self.digests = digests
        """True if digest files are delivered as well."""
        self.is_organization_trail = is_organization_trail
        """True if it delivers under the id of the account's organization."""
        self.on_event = on_event
        """The function that is called with the EventBridge envelope of each event that it holds."""
        self.advanced_event_selectors: list[Any] = []
        """The selectors, as they were passed; without any the trail holds nothing."""
        self._selects: Selection = lambda _: False
        self._spans: list[_Span] = []
        self._delivering = threading.RLock()
        self._deliveries = Deliveries(self, self._records)

    @property
    def has_logged(self) -> bool:
        """True if it was ever logging."""
        return bool(self._spans)

    @property
    def is_logging(self) -> bool:
        """True if it is logging now."""
        return bool(self._spans) and self._spans[-1].end is None

    def start_logging(self) -> None:
        """Hold the events from now on."""
        self.service.require_original()
        with self.service.lock:
            if not self.is_logging:
                self._begin_span()

    def stop_logging(self) -> None:
        """Hold no event from now on."""
        self.service.require_original()
        with self.service.lock:
            if self.is_logging:
                self._end_span()

    def set_selectors(self, selectors: list[Any], selects: Selection) -> None:
        """Hold the events that these selectors select, from now on."""
        self.advanced_event_selectors = copy.deepcopy(selectors)
        self._selects = selects
        self._apply_settings()

    def set_only_region(self, only_region: str | None) -> None:
        """Hold the events of this region, or of all (None), from now on."""
        self.only_region = only_region
        self._apply_settings()

    def set_bucket(self, s3_bucket: str) -> None:
        """Deliver to another bucket, except the events that the present bucket has already."""
        with self._delivering:
            self._deliveries.change_bucket(self.s3_bucket, s3_bucket)
            self.s3_bucket = s3_bucket

    def clear(self) -> None:
        """Hold nothing, as a trail that has never logged."""
        self._spans = []
        self._deliveries.clear()

    def continue_digests_of(self, earlier: Trail) -> None:
        """Continue the digest chains of an earlier trail of this name, whose keys are the same."""
        self._deliveries.continue_digests_of(earlier._deliveries)

    def _apply_settings(self) -> None:
        """Begin a new span if it is logging: settings hold from now on only."""
        with self.service.lock:
            if self.is_logging:
                self._end_span()
                self._begin_span()

    def _begin_span(self) -> None:
        now = len(self.service.calls)
        self._spans.append(_Span(now, None, self._selects, self.only_region))

    def _end_span(self) -> None:
        self._spans[-1] = self._spans[-1]._replace(end=len(self.service.calls))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that it holds: plain dicts, in order."""
        return list(self._records(0, len(self.service.calls)))

    @property
    def eventbridge_events(self) -> list[dict[str, Any]]:
        """The same events, each in the envelope in which EventBridge delivers it."""
        return list(map(envelope, self.events))

    def deliver(self, where: Any) -> list[str]:
        """Deliver the events that are new there, and return the keys of the files.

        `where`: a folder (str, Path), or a boto3 client of S3, which puts objects into the trail's
        bucket; without a bucket this is a ValueError. So is a key that leads out of the folder.
        Each destination gets each event once. If a delivery fails, the next one brings the rest.
        """
        __tracebackhide__ = True
        to = destination(where, self.name, self.s3_bucket)
        with self._delivering:
            return self._deliveries.deliver(to)

    def check_delivery(self, where: Any) -> None:
        """Raise an error if the destination is invalid, or a key that `deliver` would use."""
        __tracebackhide__ = True
        to = destination(where, self.name, self.s3_bucket)
        with self._delivering:
            self._deliveries.check(to)

    def _records(self, since: int, until: int) -> Iterator[dict[str, Any]]:
        self.service.require_original()
        calls = self.service.calls
        for span in list(self._spans):
            for index in span.indices(since, until):
                record = self._record(calls[index], span)
                if record is not None:
                    yield record

    def _record(self, call: Call, span: _Span) -> dict[str, Any] | None:
        if not is_recorded(call) or span.only_region not in (None, call.region):
            return None
        record = record_of(call, self.service.settings)
        return record if span.selects(record) else None

    def count(self, most: int) -> int:
        """Return the number of events held; stop counting at `most`."""
        return sum(1 for _ in islice(self._records(0, len(self.service.calls)), most))

    def calls_while_logging(self) -> list[Call]:
        """Return the recorded calls of the time in which it was logging, selected or not."""
        calls = self.service.calls
        return [
            call
            for span in list(self._spans)
            for call in calls[span.start : span.end]
            if is_recorded(call)
        ]

    def on_call(self, call: Call, index: int) -> None:
        """Pass the event of a call to `on_event`, if the trail holds it."""
        if self.on_event is None:
            return
        for span in list(self._spans):
            record = self._record(call, span) if span.contains(index) else None
            if record is not None:
                self.on_event(envelope(record))

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        settings = {name: getattr(self, name) for name in _SETTINGS}
        spans = list(self._spans)
        restore_deliveries = self._deliveries.snapshot()

        def restore() -> None:
            vars(self).update(settings)
            self._spans = list(spans)
            restore_deliveries()

        return restore

    def __repr__(self) -> str:
        selectors = counted(len(self.advanced_event_selectors), "selector")
        return f"<Trail {self.name!r}: {'' if self.is_logging else 'not '}logging, {selectors}>"
