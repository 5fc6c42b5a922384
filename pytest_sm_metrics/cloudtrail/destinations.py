"""Destinations of log files: a folder, or a bucket through an S3 client."""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..aws.errors import client_error


class Folder:
    """A folder; the keys are paths below it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    @property
    def identity(self) -> object:
        """The folder's full path; nothing is delivered twice to one identity."""
        return self._path.resolve()

    def check(self, keys: Iterable[str]) -> None:
        """Raise a ValueError for a key that leads out of the folder."""
        __tracebackhide__ = True
        for key in keys:
            self._file(key)

    def put(self, key: str, body: bytes) -> None:
        """Write one file: all of it, or nothing."""
        __tracebackhide__ = True
        path = self._file(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{uuid4().hex}.part")
        try:
            unfinished.write_bytes(body)
            os.replace(unfinished, path)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise

    def may_have_stored(self, error: BaseException) -> bool:
        """Return False: after an error of `put` there is no file."""
        return False

    def _file(self, key: str) -> Path:
        """Return the path of a key; raise a ValueError if it leads out of the folder."""
        __tracebackhide__ = True
        leads_out = f"the key {key!r} leads out of the folder {self._path}"
        parts = [part for part in key.split("/") if part not in ("", ".")]
        for part in parts:
            if part == ".." or Path(part).parts != (part,):  # a separator or a drive of Windows
                raise ValueError(
                    f"{leads_out}: its part {part!r} comes from the prefix or the name of the "
                    "trail, or from the region of a call"
                )
        path = self._path.joinpath(*parts)
        try:
            parent = path.parent.resolve()
        except ValueError as error:  # a zero byte, or a surrogate without its other half
            raise ValueError(f"the key {key!r} cannot be a path below {self._path}") from error
        if not parent.is_relative_to(self._path.resolve()):
            raise ValueError(f"{leads_out}, through a symbolic link")
        return path


class Bucket:
    """A bucket, through an S3 client."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    @property
    def identity(self) -> object:
        """The bucket's URL, the same for every client."""
        return bucket_identity(self._name)

    def check(self, keys: Iterable[str]) -> None:
        """Do nothing: S3 checks keys itself."""

    def may_have_stored(self, error: BaseException) -> bool:
        """Return True unless the error is the answer of an S3 that refused the object."""
        response = getattr(error, "response", {})
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return not 400 <= status < 500

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
