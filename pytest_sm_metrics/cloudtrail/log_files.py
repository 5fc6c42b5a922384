"""Log files: the records that stand together in one, its key, and its bytes.

Source: AWS CloudTrail User Guide, CloudTrail log file name format and log file examples
(documented). A file holds the records of five minutes and is delivered at their end: assumed, from
"about every 5 minutes".
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, NamedTuple

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_MINUTES = 5
_MOST_RECORDS = 5_000
_BATCH = 100  # records that are encoded together
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class LogFile(NamedTuple):
    """A log file."""

    name: str
    """Its key from the account on."""
    body: bytes
    """The gzip of one line of JSON."""
    region: str
    delivered: datetime
    """The end of its five minutes."""
    digest: str
    """SHA-256 of the content before gzip, in hexadecimal digits."""
    oldest: str
    """The event time of its oldest record."""
    newest: str
    """The event time of its newest record."""
    root: str | None = None
    """The beginning of its key, AWSLogs/ included; None until it is delivered."""
    bucket: str | None = None
    """The bucket that it was delivered to."""

    @property
    def key(self) -> str:
        """The whole key."""
        return f"{self.root or ''}{self.name}"

    def without_root(self) -> LogFile:
        """Return the file with the beginning of its key left open."""
        return self._replace(root=None)


def log_files(records: Iterable[dict[str, Any]], salt: str) -> Iterator[LogFile]:
    """Yield the files that hold the records: of one account, one region and five minutes each.

    Files of trails with different `salt` have different names.
    """
    writers: dict[str, _Writer] = {}
    for record in records:
        region = record["awsRegion"]
        end = _end_of_five_minutes(record["eventTime"])
        writer = writers.get(region)
        if writer is None or writer.end != end or writer.count == _MOST_RECORDS:
            if writer is not None:
                yield writer.close()
            writer = _Writer(record, end, salt)
            writers[region] = writer
        writer.write(record)
    for writer in writers.values():
        yield writer.close()


@lru_cache(maxsize=64)
def _end_of_five_minutes(event_time: str) -> datetime:
    time = datetime.strptime(event_time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    try:
        return time + timedelta(minutes=_MINUTES - time.minute % _MINUTES, seconds=-time.second)
    except OverflowError:  # the last minutes of the calendar
        return time


class _Writer:
    """A log file that is being written."""

    def __init__(self, first: dict[str, Any], end: datetime, salt: str) -> None:
        self.end = end
        self.count = 0
        self._region = first["awsRegion"]
        self._name = _name(first, end, salt)
        self._oldest = self._newest = first["eventTime"]
        self._hash = hashlib.sha256()
        # Its header has no time in it. Higher levels take twice the time for a tenth of the size.
        self._gzip = zlib.compressobj(level=1, wbits=31)
        self._compressed = bytearray()
        self._unwritten: list[dict[str, Any]] = []
        self._separator = '{"Records":['

    def write(self, record: dict[str, Any]) -> None:
        self.count += 1
        self._unwritten.append(record)
        if len(self._unwritten) == _BATCH:
            self._write_batch()

    def close(self) -> LogFile:
        self._write_batch()
        self._add("]}")
        return LogFile(
            name=self._name,
            body=bytes(self._compressed) + self._gzip.flush(),
            region=self._region,
            delivered=self.end,
            digest=self._hash.hexdigest(),
            oldest=self._oldest,
            newest=self._newest,
        )

    def _write_batch(self) -> None:
        if not self._unwritten:
            return
        times = [record["eventTime"] for record in self._unwritten]
        self._oldest = min(self._oldest, *times)
        self._newest = max(self._newest, *times)
        self._add(self._separator + _encode(self._unwritten)[1:-1])
        self._separator = ","
        self._unwritten.clear()

    def _add(self, text: str) -> None:
        content = text.encode()
        self._hash.update(content)
        self._compressed += self._gzip.compress(content)


def _name(first: dict[str, Any], end: datetime, salt: str) -> str:
    account_id, region = first["recipientAccountId"], first["awsRegion"]
    folder = f"{account_id}/CloudTrail/{region}/{end:%Y/%m/%d}"
    unique = _unique(first["eventID"] + salt)
    return f"{folder}/{account_id}_CloudTrail_{region}_{end:%Y%m%dT%H%MZ}_{unique}.json.gz"


def _unique(text: str) -> str:
    """Return 16 letters and digits that depend on the text alone."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    base = len(_ALPHABET)
    return "".join(_ALPHABET[number // base**place % base] for place in range(16))
