"""A trail: what it holds, and what of that was delivered where."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from ..service.journal import Call
from ..service.service import Service
from ..wording import counted
from .destinations import Bucket, Folder, destination
from .digests import Digest, Digester
from .eventbridge import envelope
from .log_files import LogFile, log_files
from .records import is_recorded, record_of
from .selectors import Selection

OnEvent = Callable[[dict[str, Any]], object]


class _Span(NamedTuple):
    """A time in which it was logging, and what it held then."""

    since: int
    """The first call."""
    until: int | None
    """The first that it does not hold any more; None as long as it logs."""
    selects: Selection
    only_region: str | None


class Trail:
    """A trail of CloudTrail. It holds what its selectors select of the events that came while it was logging.

    Made by `sm_metrics.cloudtrail.create_trail`, or through boto3 where somebody answers CreateTrail, as moto does.
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
        on_event: OnEvent | None = None,
    ) -> None:
        self.service = service
        self.name = name
        """Its name."""
        self.home_region = home_region
        """Where it was made."""
        self.only_region = only_region
        """The one region whose events it holds; None for all: a multi-region trail."""
        self.s3_bucket = s3_bucket
        """The bucket that it delivers to."""
        self.s3_prefix = s3_prefix
        """What the keys begin with."""
        self.digests = digests
        """Whether digest files are delivered as well."""
        self.on_event = on_event
        """What is called with the EventBridge envelope of each event, when it happens."""
        self.advanced_event_selectors: list[Any] = []
        """As they were given; without any it holds nothing."""
        self._selects: Selection = lambda _: False
        self._spans: list[_Span] = []
        self._delivering = threading.Lock()
        self._delivered: dict[object, int] = {}
        """By place: up to which call."""
        self._undigested: dict[tuple[object, str], dict[str, LogFile]] = {}
        """By place and region: log files that stand in no digest yet, by key."""
        self._digests: dict[tuple[object, str], Digest] = {}
        """By place and region: the last one."""

    @property
    def has_logged(self) -> bool:
        """Whether it ever held what happens."""
        return bool(self._spans)

    @property
    def is_logging(self) -> bool:
        """Whether it holds what happens now."""
        return bool(self._spans) and self._spans[-1].until is None

    def start_logging(self) -> None:
        """From now on it holds what happens."""
        if not self.is_logging:
            self._turn(True)

    def stop_logging(self) -> None:
        """What happens from now on it does not hold."""
        self._turn(False)

    def select(self, selectors: list[Any], selects: Selection) -> None:
        """Hold what these selectors select, from now on."""
        self.advanced_event_selectors, self._selects = copy.deepcopy(selectors), selects
        self._turn(None)

    def reach(self, only_region: str | None) -> None:
        """Hold what happens in this region, or in all, from now on."""
        self.only_region = only_region
        self._turn(None)

    def move(self, s3_bucket: str) -> None:
        """Deliver to another bucket what was not delivered to the one before."""
        delivered = self._delivered.get(f"s3://{self.s3_bucket}", 0)
        self._delivered[f"s3://{s3_bucket}"] = max(
            delivered, self._delivered.get(f"s3://{s3_bucket}", 0)
        )
        self.s3_bucket = s3_bucket

    def forget(self) -> None:
        """Hold nothing any more: what it held is no more."""
        self._spans, self._delivered, self._undigested, self._digests = [], {}, {}, {}

    def go_on_from(self, earlier: Trail) -> None:
        """Write the digests that an earlier trail of the same name would have written next: theirs have the same keys."""
        self._digests = dict(earlier._digests)

    def _turn(self, logging: bool | None) -> None:
        """From now on, whether it logs (None: as before) and what."""
        with self.service.lock:
            now, was_logging = len(self.service.calls), self.is_logging
            if was_logging:
                self._spans[-1] = self._spans[-1]._replace(until=now)
            if was_logging if logging is None else logging:
                self._spans.append(_Span(now, None, self._selects, self.only_region))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that it holds: plain dicts, in order."""
        return list(self._records(0, len(self.service.calls)))

    @property
    def eventbridge_events(self) -> list[dict[str, Any]]:
        """The same events, in the envelope in which EventBridge delivers them."""
        return list(map(envelope, self.events))

    def deliver(self, where: Any) -> list[str]:
        """Deliver what is new there: log files under a folder, or objects through an S3 client; gives back their keys.

        Several times: each destination gets each event once; what fails is made good by the next time. A ValueError for an S3 client
        where the trail has no bucket.
        """
        __tracebackhide__ = True
        to = self.destination(where)
        with self._delivering:
            return [*self._deliver_log_files(to), *self._deliver_digests(to)]

    def destination(self, where: Any) -> Folder | Bucket:
        """Where `deliver` would put its files; raises what it would raise for what is no destination."""
        __tracebackhide__ = True
        return destination(where, self.name, self.s3_bucket)

    @property
    def _prefix(self) -> str:
        return f"{self.s3_prefix}/" if self.s3_prefix else ""

    def _deliver_log_files(self, to: Folder | Bucket) -> Iterator[str]:
        until = len(self.service.calls)
        records = self._records(self._delivered.get(to.identity, 0), until)
        for file in log_files(records, self._prefix, f"{self.name} {self.home_region}"):
            to.put(file.key, file.body)
            self._undigested.setdefault((to.identity, file.region), {})[file.key] = file._replace(
                body=b""
            )
            yield file.key
        self._delivered[to.identity] = until

    def _deliver_digests(self, to: Folder | Bucket) -> Iterator[str]:
        digester = Digester(
            self.name,
            self.home_region,
            self.service.settings.account_id,
            self.s3_bucket,
            self._prefix,
        )
        for place, files in self._undigested.items():
            if place[0] != to.identity:
                continue
            for digest in (
                digester.digests(self._digests.get(place), files.values()) if self.digests else ()
            ):
                to.put(digest.key, digest.body)
                self._digests[place] = digest
                yield digest.key
                for file in digest.files:
                    files.pop(file.key, None)
            files.clear()

    def _records(self, since: int, until: int) -> Iterator[dict[str, Any]]:
        calls = self.service.calls
        for span in list(self._spans):
            for index in range(
                max(span.since, since), until if span.until is None else min(span.until, until)
            ):
                record = self._record(calls[index], span)
                if record is not None:
                    yield record

    def _record(self, call: Call, span: _Span) -> dict[str, Any] | None:
        if not is_recorded(call) or span.only_region not in (None, call.region):
            return None
        record = record_of(call, self.service.settings)
        return record if span.selects(record) else None

    def count(self, most: int) -> int:
        """How many events it holds, as far as somebody wants to count."""
        return sum(1 for _ in islice(self._records(0, len(self.service.calls)), most))

    def calls_while_logging(self) -> list[Call]:
        """The calls that left an event while it was logging, whether it holds that or not."""
        calls = self.service.calls
        return [
            call
            for span in list(self._spans)
            for call in calls[span.since : span.until]
            if is_recorded(call)
        ]

    def on_call(self, call: Call, index: int) -> None:
        """Tell who wants to know of an event when it happens."""
        if self.on_event is not None:
            for span in list(self._spans):
                record = (
                    self._record(call, span)
                    if span.since <= index and (span.until is None or index < span.until)
                    else None
                )
                if record is not None:
                    self.on_event(envelope(record))

    def snapshot(self) -> Callable[[], None]:
        """What brings back the state of now."""
        names = (
            "s3_bucket",
            "s3_prefix",
            "digests",
            "only_region",
            "advanced_event_selectors",
            "_selects",
        )
        kept = {name: getattr(self, name) for name in names}
        spans, delivered, last = list(self._spans), dict(self._delivered), dict(self._digests)
        undigested = {place: dict(files) for place, files in self._undigested.items()}

        def restore() -> None:
            vars(self).update(kept)
            self._spans, self._delivered, self._digests = list(spans), dict(delivered), dict(last)
            self._undigested = {place: dict(files) for place, files in undigested.items()}

        return restore

    def __repr__(self) -> str:
        selectors = counted(len(self.advanced_event_selectors), "selector")
        return f"<Trail {self.name!r}: {'' if self.is_logging else 'not '}logging, {selectors}>"
