"""Digest files: the log files of an hour with their hashes, each digest with the hash of the one before.

Source: AWS CloudTrail User Guide, CloudTrail digest file structure (documented). They are not signed, so fields of signatures are null; an
hour in which nothing was delivered has none.
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
    """A digest file, to be delivered."""

    key: str
    body: bytes
    """gzip of one line of JSON."""
    end: datetime
    hash: str
    """SHA-256 of the content before gzip, in hexadecimal digits."""


class DigestChain:
    """The digests of one trail and region at one destination."""

    def __init__(self, trail_name: str, home_region: str, account_id: str, bucket: str | None, prefix: str) -> None:
        self._trail_name = trail_name
        self._home_region = home_region
        self._account_id = account_id
        self._bucket = bucket
        self._prefix = prefix
        self._before: Digest | None = None
        """The one before the last."""
        self._last: Digest | None = None
        self._files: list[LogFile] = []
        """Those in the last."""

    def add(self, files: Iterable[LogFile]) -> Iterator[Digest]:
        """The digests of log files that have been delivered, oldest first; that of the last hour once more, with what has come since."""
        for end, in_hour in groupby(sorted(files, key=lambda file: file.delivered), self._end_of_hour):
            if self._last is None or end > self._last.end:
                self._before, self._files = self._last, []
            self._files += in_hour
            self._last = self._digest(end)
            yield self._last

    def _end_of_hour(self, file: LogFile) -> datetime:
        end = file.delivered.replace(minute=0) + (_HOUR if file.delivered.minute else timedelta())
        return max(end, self._last.end) if self._last else end

    def _digest(self, end: datetime) -> Digest:
        files, before = self._files, self._before
        region = files[0].region
        name = f"{self._account_id}_CloudTrail-Digest_{region}_{self._trail_name}_{self._home_region}_{end:%Y%m%dT%H%M%SZ}.json.gz"
        key = f"{self._prefix}AWSLogs/{self._account_id}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/{name}"
        content: dict[str, Any] = {
            "awsAccountId": self._account_id,
            "digestStartTime": f"{end - _HOUR:%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": self._bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": None,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": max(file.newest for file in files),
            "oldestEventTime": min(file.oldest for file in files),
            "previousDigestS3Bucket": self._bucket if before else None,
            "previousDigestS3Object": before.key if before else None,
            "previousDigestHashValue": before.hash if before else None,
            "previousDigestHashAlgorithm": "SHA-256" if before else None,
            "previousDigestSignature": None,
            "logFiles": [
                {
                    "s3Bucket": self._bucket,
                    "s3Object": file.key,
                    "hashValue": file.digest,
                    "hashAlgorithm": "SHA-256",
                    "newestEventTime": file.newest,
                    "oldestEventTime": file.oldest,
                }
                for file in files
            ],
        }
        text = json.dumps(content, separators=(",", ":")).encode()
        return Digest(key, gzip.compress(text, mtime=0), end, hashlib.sha256(text).hexdigest())
