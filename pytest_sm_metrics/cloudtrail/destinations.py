"""Destinations of log files: a folder, or a bucket through an S3 client."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

from ..aws.errors import client_error


class Folder:
    """A folder; the keys are paths below it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    @property
    def identity(self) -> object:
        """The folder's full path; nothing is delivered twice to one identity."""
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
        """The bucket's URL, the same for every client."""
        return bucket_identity(self._name)

    def put(self, key: str, body: bytes) -> None:
        """Put one object, as CloudTrail does."""
        try:
            answer: Any = self._client.put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                ContentType="application/json",
                ContentEncoding="gzip",
            )
        except Exception as error:
            if getattr(error, "response", {}).get("Error", {}).get("Code") != "NoSuchBucket":
                raise
            message = f"S3 bucket {self._name} does not exist!"
            raise client_error("S3BucketDoesNotExistException", message, "PutObject") from error
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()  # so that Python does not warn that it was never awaited
            raise TypeError(
                f"{self._client!r} is an async client; "
                "deliver takes a boto3 client of S3, or a folder"
            )


def bucket_identity(name: str | None) -> str:
    """Return the identity of the bucket of this name."""
    return f"s3://{name}"


def destination(given: Any, trail_name: str, bucket: str | None) -> Folder | Bucket:
    """Return a folder (str, Path), or the trail's bucket through an S3 client.

    Raises a TypeError for anything else, and a ValueError for a client if the trail has no bucket.
    """
    __tracebackhide__ = True
    if isinstance(given, str) and given == bucket:
        raise ValueError(
            f"{given!r} is the bucket of trail {trail_name!r}, not a folder: "
            "to deliver there, pass a boto3 client of S3"
        )
    if isinstance(given, (str, os.PathLike)):
        return Folder(given)
    if not callable(getattr(given, "put_object", None)):
        hint = "; that of a resource is its meta.client" if hasattr(given, "meta") else ""
        raise TypeError(
            f"{given!r} is no destination; "
            f"accepted is a folder (str, Path), or a boto3 client of S3{hint}"
        )
    if bucket is None:
        raise ValueError(
            f"trail {trail_name!r} has no bucket to deliver to: "
            f"create_trail({trail_name!r}, s3_bucket=...)"
        )
    return Bucket(given, bucket)
