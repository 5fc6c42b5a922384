"""Digest files: the log files of an hour with their hashes, and the hash of the digest before.

Source: AWS CloudTrail User Guide, CloudTrail digest file structure (documented). Digests are not
signed here, so the signature fields are null. An hour in which nothing was delivered has no digest.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from .log_files import LogFile

_HOUR = timedelta(hours=1)


class Digest(NamedTuple):
    """A digest file."""

    bucket: str | None
    key: str
    body: bytes
    """The gzip of one line of JSON."""
    hash: str
    """SHA-256 of the content before gzip, in hexadecimal digits."""
    end: datetime
    """The end of its hour."""
    files: tuple[LogFile, ...]
    """The log files that it lists."""
    previous: Digest | None
    """The digest of an earlier hour."""


class Digester(NamedTuple):
    """A maker of the digests of a trail."""

    trail_name: str
    home_region: str
    account_id: str
    bucket: str | None
    root: str
    """The beginning of new keys, AWSLogs/ included."""

    def digests(self, last: Digest | None, files: Iterable[LogFile]) -> Iterator[Digest]:
        """Yield the digests of log files of one region, oldest first; the chain continues `last`.

        A file of the hour of `last`, or of an earlier hour, makes a new version of `last`, under
        the same key.
        """
        earliest = last.end if last else None

        def end_of(file: LogFile) -> datetime:
            end = _end_of_hour(file.delivered)
            return max(end, earliest) if earliest else end

        for end, in_hour in groupby(sorted(files, key=lambda file: file.delivered), end_of):
            if last is not None and last.end == end:
                files_of_hour = {file.key: file for file in (*last.files, *in_hour)}
                last = self._digest(last.key, end, tuple(files_of_hour.values()), last.previous)
            else:
                of_hour = tuple(in_hour)
                last = self._digest(self.key(of_hour[0].region, end), end, of_hour, last)
            yield last

    def _digest(
        self, key: str, end: datetime, files: tuple[LogFile, ...], previous: Digest | None
    ) -> Digest:
        content = self._content(key, end, files, previous)
        text = json.dumps(content, separators=(",", ":")).encode()
        if previous:  # the chain needs no more of it than its key and its hash
            previous = previous._replace(body=b"", files=(), previous=None)
        return Digest(
            bucket=self.bucket,
            key=key,
            body=gzip.compress(text, mtime=0),
            hash=hashlib.sha256(text).hexdigest(),
            end=end,
            files=files,
            previous=previous,
        )

    def key(self, region: str, end: datetime) -> str:
        """Return the key of the digest of a region, of the hour that ends then."""
        account_id = self.account_id
        folder = f"{self.root}{account_id}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}"
        trail = f"{self.trail_name}_{self.home_region}"
        return f"{folder}/{account_id}_CloudTrail-Digest_{region}_{trail}_{_compact(end)}.json.gz"

    def _content(
        self, key: str, end: datetime, files: tuple[LogFile, ...], previous: Digest | None
    ) -> dict[str, Any]:
        return {
            "awsAccountId": self.account_id,
            "digestStartTime": f"{end - _HOUR:%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": self.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": None,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": max(file.newest for file in files),
            "oldestEventTime": min(file.oldest for file in files),
            "previousDigestS3Bucket": previous.bucket if previous else None,
            "previousDigestS3Object": previous.key if previous else None,
            "previousDigestHashValue": previous.hash if previous else None,
            "previousDigestHashAlgorithm": "SHA-256" if previous else None,
            "previousDigestSignature": None,
            "logFiles": [self._entry(file) for file in files],
        }

    def _entry(self, file: LogFile) -> dict[str, Any]:
        return {
            "s3Bucket": file.bucket,
            "s3Object": file.key,
            "hashValue": file.digest,
            "hashAlgorithm": "SHA-256",
            "newestEventTime": file.newest,
            "oldestEventTime": file.oldest,
        }


def _end_of_hour(time: datetime) -> datetime:
    if not time.minute:
        return time
    try:
        return time.replace(minute=0) + _HOUR
    except OverflowError:  # the last hour of the calendar
        return time


def _compact(time: datetime) -> str:
    return f"{time:%Y%m%dT%H%M%SZ}"
