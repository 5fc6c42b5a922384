"""Deliveries: the files that each destination has got, and those that it has not got yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..aws.organizations import organization_in_moto
from .destinations import Bucket, Folder, bucket_identity
from .digests import Digest, Digester
from .log_files import LogFile, log_files

if TYPE_CHECKING:
    from .trail import Trail

Records = Callable[[int, int], Iterator[dict[str, Any]]]
"""A function that yields the records of the calls from one index to before another."""


@dataclass
class _State:
    """The state of one destination."""

    planned: int = 0
    """The number of calls whose events are in files, delivered or not."""
    waiting: dict[str, LogFile] = field(default_factory=dict)
    """The log files that were not delivered yet, by name."""
    undigested: dict[str, dict[str, LogFile]] = field(default_factory=dict)
    """The delivered log files that no digest lists yet, by region and name."""
    last_digests: dict[str, Digest] = field(default_factory=dict)
    """The last digest, by region."""
    attempted_digests: dict[str, Digest] = field(default_factory=dict)
    """The digest whose delivery failed, although it may have arrived, by region."""

    def copy(self) -> _State:
        """Return a copy that changes on its own."""
        return _State(
            planned=self.planned,
            waiting=dict(self.waiting),
            undigested={region: dict(files) for region, files in self.undigested.items()},
            last_digests=dict(self.last_digests),
            attempted_digests=dict(self.attempted_digests),
        )


class Deliveries:
    """The deliveries of a trail.

    A file that may have arrived keeps its key until it is delivered. So a later delivery replaces
    it and never brings its events a second time, even if the prefix of the trail has changed.
    """

    def __init__(self, trail: Trail, records: Records) -> None:
        self._trail = trail
        self._records = records
        self._states: dict[object, _State] = {}

    def check(self, to: Folder | Bucket) -> None:
        """Raise a ValueError if the next delivery has a key that the destination refuses."""
        __tracebackhide__ = True
        files = self._rooted(self._planned(to))
        to.check(file.key for file in files)
        if files and self._trail.digests:
            digester = self._digester()
            to.check(digester.key(file.region, file.delivered) for file in files)

    def deliver(self, to: Folder | Bucket) -> list[str]:
        """Deliver what is new there, and return the keys."""
        __tracebackhide__ = True
        self.check(to)
        state = self._planned(to)
        return [*self._deliver_log_files(to, state), *self._deliver_digests(to, state)]

    def change_bucket(self, old: str | None, new: str) -> None:
        """Deliver to another bucket what the old one has not got, and nothing that it has got."""
        if old == new:
            return
        source = self._state(bucket_identity(old))
        target = self._state(bucket_identity(new))
        target.planned = max(source.planned, target.planned)
        target.waiting |= {name: file.without_root() for name, file in source.waiting.items()}
        for region, files in source.undigested.items():
            target.undigested.setdefault(region, {}).update(files)
        source.waiting, source.undigested, source.attempted_digests = {}, {}, {}

    def continue_digests_of(self, earlier: Deliveries) -> None:
        """Continue the digest chains of an earlier trail of this name, whose keys are the same."""
        for identity, state in earlier._states.items():
            copied = state.copy()
            self._states[identity] = _State(
                undigested=copied.undigested,
                last_digests=copied.last_digests,
                attempted_digests=copied.attempted_digests,
            )

    def clear(self) -> None:
        """Forget all deliveries."""
        self._states = {}

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        states = {identity: state.copy() for identity, state in self._states.items()}

        def restore() -> None:
            self._states = {identity: state.copy() for identity, state in states.items()}

        return restore

    def _state(self, identity: object) -> _State:
        return self._states.setdefault(identity, _State())

    def _planned(self, to: Folder | Bucket) -> _State:
        """Return the state of a destination, with files for all events until now."""
        trail, state = self._trail, self._state(to.identity)
        until = len(trail.service.calls)
        records = self._records(state.planned, until)
        files = list(log_files(records, f"{trail.name} {trail.home_region}"))
        state.waiting |= {file.name: file for file in files}
        state.planned = until
        return state

    def _rooted(self, state: _State) -> list[LogFile]:
        """Return the waiting files, each with the beginning of its key."""
        __tracebackhide__ = True
        if not state.waiting:
            return []
        root = self._root()
        files = state.waiting.values()
        return [file._replace(root=root) if file.root is None else file for file in files]

    def _root(self) -> str:
        """Return the beginning of new keys: the prefix, and the organization of the trail."""
        __tracebackhide__ = True
        trail = self._trail
        prefix = f"{trail.s3_prefix}/" if trail.s3_prefix else ""
        organization = f"{self._organization_id()}/" if trail.is_organization_trail else ""
        return f"{prefix}AWSLogs/{organization}"

    def _organization_id(self) -> str:
        __tracebackhide__ = True
        settings = self._trail.service.settings
        found = settings.organization_id or organization_in_moto(settings.account_id)
        if found is None:
            raise ValueError(
                f"trail {self._trail.name!r} is an organization trail, and the id of the "
                'organization is not known: set organization_id="o-...", or call '
                f"create_organization under moto, in account {settings.account_id}"
            )
        return found

    def _deliver_log_files(self, to: Folder | Bucket, state: _State) -> Iterator[str]:
        for file in self._rooted(state):
            state.waiting[file.name] = file
            try:
                to.put(file.key, file.body)
            except BaseException as error:
                if not to.may_have_stored(error):
                    state.waiting[file.name] = file.without_root()
                raise
            state.waiting.pop(file.name, None)
            delivered = file._replace(body=b"", bucket=self._trail.s3_bucket)
            state.undigested.setdefault(file.region, {})[file.name] = delivered
            yield file.key

    def _deliver_digests(self, to: Folder | Bucket, state: _State) -> Iterator[str]:
        for region, files in state.undigested.items():
            if files and self._trail.digests:
                yield from self._deliver_chain(to, state, region)
            if not self._trail.digests:
                state.attempted_digests.pop(region, None)
                files.clear()

    def _digester(self) -> Digester:
        __tracebackhide__ = True
        return Digester(
            trail_name=self._trail.name,
            home_region=self._trail.home_region,
            account_id=self._trail.service.settings.account_id,
            bucket=self._trail.s3_bucket,
            root=self._root(),
        )

    def _deliver_chain(self, to: Folder | Bucket, state: _State, region: str) -> Iterator[str]:
        """Deliver the digests of a region; the chain continues one that may have arrived."""
        files = state.undigested[region]
        last = state.attempted_digests.get(region) or state.last_digests.get(region)
        for digest in self._digester().digests(last, list(files.values())):
            state.attempted_digests[region] = digest
            try:
                to.put(digest.key, digest.body)
            except BaseException as error:
                if not to.may_have_stored(error):
                    del state.attempted_digests[region]
                raise
            del state.attempted_digests[region]
            state.last_digests[region] = digest
            for file in digest.files:
                files.pop(file.name, None)
            yield digest.key
