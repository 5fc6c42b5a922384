"""A trail: what it holds, and what of that was delivered where."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from ..service.journal import Call
from ..service.service import Service
from .destinations import Bucket, Folder, destination
from .digests import DigestChain
from .eventbridge import envelope
from .log_files import LogFile, log_files
from .records import is_recorded, record_of
from .selectors import Selection

OnEvent = Callable[[dict[str, Any]], object]


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
        self._spans: list[tuple[int, int | None, Selection]] = []
        """While it was logging: from which call to which, and by what it selected."""
        self._delivered: dict[object, int] = {}
        self._chains: dict[object, DigestChain] = {}

    @property
    def has_logged(self) -> bool:
        """Whether it ever held what happens."""
        return bool(self._spans)

    @property
    def is_logging(self) -> bool:
        """Whether it holds what happens now."""
        return bool(self._spans) and self._spans[-1][1] is None

    def start_logging(self) -> None:
        """From now on it holds what happens."""
        if not self.is_logging:
            self._spans.append((len(self.service.calls), None, self._selects))

    def stop_logging(self) -> None:
        """What happens from now on it does not hold."""
        if self.is_logging:
            since, _, selects = self._spans.pop()
            self._spans.append((since, len(self.service.calls), selects))

    def select(self, selectors: list[Any], selects: Selection) -> None:
        """Hold what these selectors select, from now on."""
        was_logging = self.is_logging
        self.stop_logging()
        self.advanced_event_selectors, self._selects = copy.deepcopy(selectors), selects
        if was_logging:
            self.start_logging()

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

        Several times: each destination gets each event once. A ValueError for an S3 client where the trail has no bucket.
        """
        __tracebackhide__ = True
        to = self.destination(where)
        place = to.identity
        until = len(self.service.calls)
        keys: list[str] = []
        files: dict[str, list[LogFile]] = {}
        records = self._records(self._delivered.get(place, 0), until)
        for file in log_files(records, self._prefix, self.name):
            to.put(file.key, file.body)
            keys.append(file.key)
            files.setdefault(file.region, []).append(file._replace(body=b""))
        self._delivered[place] = until
        if self.digests:
            for region, in_region in files.items():
                for digest in self._chain(place, region).add(in_region):
                    to.put(digest.key, digest.body)
                    keys.append(digest.key)
        return keys

    def destination(self, where: Any) -> Folder | Bucket:
        """Where `deliver` would put its files; raises what it would raise for what is no destination."""
        __tracebackhide__ = True
        return destination(where, self.name, self.s3_bucket)

    @property
    def _prefix(self) -> str:
        return f"{self.s3_prefix}/" if self.s3_prefix else ""

    def _chain(self, place: object, region: str) -> DigestChain:
        account_id = self.service.settings.account_id
        chain = DigestChain(self.name, self.home_region, account_id, self.s3_bucket, self._prefix)
        return self._chains.setdefault((place, region), chain)

    def _records(self, since: int, until: int) -> Iterator[dict[str, Any]]:
        calls = self.service.calls
        for begin, end, selects in self._spans:
            for index in range(max(begin, since), until if end is None else min(end, until)):
                record = self._record(calls[index], selects)
                if record is not None:
                    yield record

    def _record(self, call: Call, selects: Selection) -> dict[str, Any] | None:
        if not is_recorded(call) or self.only_region not in (None, call.region):
            return None
        record = record_of(call, self.service.settings)
        return record if selects(record) else None

    def saw(self, call: Call) -> None:
        """Tell who wants to know of an event when it happens."""
        if self.on_event is not None and self.is_logging:
            record = self._record(call, self._selects)
            if record is not None:
                self.on_event(envelope(record))

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the state of now."""
        state = {name: copy.copy(value) for name, value in vars(self).items()}
        state["_chains"] = copy.deepcopy(self._chains)

        def restore() -> None:
            vars(self).update({name: copy.copy(value) for name, value in state.items()})

        return restore

    def __repr__(self) -> str:
        logging = "logging" if self.is_logging else "not logging"
        return f"<Trail {self.name!r}: {logging}, {len(self.advanced_event_selectors)} selectors, {len(self.events)} events>"
