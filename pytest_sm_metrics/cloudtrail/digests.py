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

    bucket: str | None
    key: str
    body: bytes
    """gzip of one line of JSON."""
    hash: str
    """SHA-256 of the content before gzip, in hexadecimal digits."""
    end: datetime
    """Of its hour."""
    files: tuple[LogFile, ...]
    """What stands in it."""
    before: Digest | None
    """The one of an earlier hour."""


class Digester(NamedTuple):
    """Makes the digests of a trail."""

    trail_name: str
    home_region: str
    account_id: str
    bucket: str | None
    prefix: str

    def digests(self, last: Digest | None, files: Iterable[LogFile]) -> Iterator[Digest]:
        """The digests of log files of one region, oldest first, that go on from the last one.

        What is of its hour, or late, stands in the last one, which is made anew.
        """
        earliest = last.end if last else None

        def end_of_hour(file: LogFile) -> datetime:
            try:
                end = file.delivered.replace(minute=0) + (
                    _HOUR if file.delivered.minute else timedelta()
                )
            except OverflowError:  # the end of all times that a date can hold
                end = file.delivered
            return max(end, earliest) if earliest else end

        for end, in_hour in groupby(sorted(files, key=lambda file: file.delivered), end_of_hour):
            is_same_hour = last is not None and end == last.end
            before = last.before if last and is_same_hour else last
            last = self._digest(
                end, (*(last.files if last and is_same_hour else ()), *in_hour), before
            )
            yield last

    def _digest(self, end: datetime, files: tuple[LogFile, ...], before: Digest | None) -> Digest:
        region = files[0].region
        name = f"{self.account_id}_CloudTrail-Digest_{region}_{self.trail_name}_{self.home_region}_{end:%Y%m%dT%H%M%SZ}.json.gz"
        key = f"{self.prefix}AWSLogs/{self.account_id}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/{name}"
        content: dict[str, Any] = {
            "awsAccountId": self.account_id,
            "digestStartTime": f"{end - _HOUR:%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": self.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": None,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": max(file.newest for file in files),
            "oldestEventTime": min(file.oldest for file in files),
            "previousDigestS3Bucket": before.bucket if before else None,
            "previousDigestS3Object": before.key if before else None,
            "previousDigestHashValue": before.hash if before else None,
            "previousDigestHashAlgorithm": "SHA-256" if before else None,
            "previousDigestSignature": None,
            "logFiles": [
                {
                    "s3Bucket": self.bucket,
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
        if before:  # no more is needed of it than its key and its hash
            before = before._replace(body=b"", files=(), before=None)
        return Digest(
            self.bucket,
            key,
            gzip.compress(text, mtime=0),
            hashlib.sha256(text).hexdigest(),
            end,
            files,
            before,
        )
