"""Log files: which records stand together in one, its key, and its bytes.

Source: AWS CloudTrail User Guide, CloudTrail log file name format and log file examples (documented); that a file holds the records of five
minutes and is delivered at their end is assumed ("about every 5 minutes").
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, NamedTuple

_encode = json.JSONEncoder(separators=(",", ":")).encode
_MINUTES = 5
_MOST_RECORDS = 5_000
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class LogFile(NamedTuple):
    """A log file, to be delivered."""

    key: str
    body: bytes
    """gzip of one line of JSON."""
    region: str
    delivered: datetime
    digest: str
    """SHA-256 of the content before gzip, in hexadecimal digits."""
    oldest: str
    newest: str
    """The event times of its records."""


def log_files(records: Iterable[dict[str, Any]], prefix: str, salt: str) -> Iterator[LogFile]:
    """The files that records go into: of one account, one region and five minutes each. `salt` tells trails apart."""
    writers: dict[str, _Writer] = {}
    for record in records:
        region, end = record["awsRegion"], _end_of_minutes(record["eventTime"])
        writer = writers.get(region)
        if writer is None or writer.end != end or writer.count == _MOST_RECORDS:
            if writer is not None:
                yield writer.close()
            writer = writers[region] = _Writer(record, end, prefix, salt)
        writer.write(record)
    yield from (writer.close() for writer in writers.values())


@lru_cache(maxsize=64)
def _end_of_minutes(event_time: str) -> datetime:
    time = datetime.strptime(event_time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    try:
        return time + timedelta(minutes=_MINUTES - time.minute % _MINUTES, seconds=-time.second)
    except OverflowError:  # the end of all times that a date can hold
        return time


class _Writer:
    def __init__(self, first: dict[str, Any], end: datetime, prefix: str, salt: str) -> None:
        self.end = end
        self.count = 0
        self._region, account_id = first["awsRegion"], first["recipientAccountId"]
        name = f"{account_id}_CloudTrail_{self._region}_{end:%Y%m%dT%H%MZ}_{_unique(first['eventID'] + salt)}.json.gz"
        self._key = f"{prefix}AWSLogs/{account_id}/CloudTrail/{self._region}/{end:%Y/%m/%d}/{name}"
        self._times = [first["eventTime"], first["eventTime"]]
        self._hash = hashlib.sha256()
        self._gzip = zlib.compressobj(wbits=31)  # with a header that has no time in it
        self._compressed = bytearray()

    def write(self, record: dict[str, Any]) -> None:
        self._add(b"," if self.count else b'{"Records":[')
        self._add(_encode(record).encode())
        self.count += 1
        self._times = [
            min(self._times[0], record["eventTime"]),
            max(self._times[1], record["eventTime"]),
        ]

    def close(self) -> LogFile:
        self._add(b"]}")
        body = bytes(self._compressed) + self._gzip.flush()
        return LogFile(
            self._key, body, self._region, self.end, self._hash.hexdigest(), *self._times
        )

    def _add(self, text: bytes) -> None:
        self._hash.update(text)
        self._compressed += self._gzip.compress(text)


def _unique(text: str) -> str:
    """16 letters and digits that depend on the text alone."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return "".join(
        _ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(16)
    )
