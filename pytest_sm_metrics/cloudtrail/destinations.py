"""Where log files go: a folder, or a bucket through an S3 client."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

from ..aws.errors import client_error


class Folder:
    """A folder, and the keys as paths below it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    @property
    def identity(self) -> object:
        """What it is told apart by from other places: what was delivered there is not delivered again."""
        return self._path.resolve()

    def put(self, key: str, body: bytes) -> None:
        """Write one file."""
        path = self._path / key.lstrip("/")
        if ".." in path.relative_to(self._path).parts:
            raise ValueError(f"the key {key!r} leads out of the folder {self._path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


class Bucket:
    """A bucket, through an S3 client."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    @property
    def identity(self) -> object:
        """The bucket, through whatever client."""
        return f"s3://{self._name}"

    def put(self, key: str, body: bytes) -> None:
        """Put one object, as CloudTrail does."""
        try:
            put: Any = self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                ContentType="application/json",
                ContentEncoding="gzip",
            )
        except Exception as error:
            if getattr(error, "response", {}).get("Error", {}).get("Code") != "NoSuchBucket":
                raise
            raise client_error(
                "S3BucketDoesNotExistException",
                f"S3 bucket {self._name} does not exist!",
                "PutObject",
            ) from error
        if inspect.isawaitable(put):
            getattr(put, "close", lambda: None)()
            raise TypeError(
                f"{self._client!r} is an async client; deliver takes a boto3 client of S3, or a folder"
            )


def destination(given: Any, trail_name: str, bucket: str | None) -> Folder | Bucket:
    """A folder (str, Path), or the trail's bucket through an S3 client.

    A TypeError for anything else, a ValueError for a client where the trail has no bucket.
    """
    __tracebackhide__ = True
    if isinstance(given, str) and given == bucket:
        raise ValueError(
            f"{given!r} is the bucket of trail {trail_name!r}, not a folder: to deliver there, give a boto3 client of S3"
        )
    if isinstance(given, (str, os.PathLike)):
        return Folder(given)
    if not callable(getattr(given, "put_object", None)):
        hint = "; that of a resource is its meta.client" if hasattr(given, "meta") else ""
        raise TypeError(
            f"{given!r} is no destination; accepted is a folder (str, Path), or a boto3 client of S3{hint}"
        )
    if bucket is None:
        raise ValueError(
            f"trail {trail_name!r} has no bucket to deliver to: create_trail({trail_name!r}, s3_bucket=...)"
        )
    return Bucket(given, bucket)
