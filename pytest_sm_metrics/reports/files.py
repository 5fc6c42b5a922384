"""Files of reports: the paths that are accepted, and a write that leaves a whole file."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from ..wording import did_you_mean, printable

if TYPE_CHECKING:
    from .run import RunRecord

SUFFIXES = (".html", ".json", ".md")
"""The suffixes of reports."""
_ACCEPTED = "Accepted is a file that ends in .html, .json or .md, in a folder that exists."


def check_path(path: Path) -> None:
    """Raise a ValueError for a path that a report cannot have, before anything is written.

    Raise an ImportError for a page without the extra `report`.
    """
    suffix = path.suffix
    if suffix.lower() not in SUFFIXES:
        has = f"has the unknown suffix {suffix!r}" if suffix else "has no suffix"
        near = did_you_mean(suffix, SUFFIXES) if suffix else "."
        raise _wrong(path, f"{has}{near}")
    folder = path.parent
    if not folder.exists():
        raise _wrong(path, f"is in the folder {printable(str(folder))!r}, which does not exist")
    if not folder.is_dir():
        raise _wrong(path, f"is in {printable(str(folder))!r}, which is no folder")
    if path.is_dir():
        raise _wrong(path, "is a directory")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _wrong(path, f"is in the folder {printable(str(folder))!r}: no permission to write")
    if path.exists() and not os.access(path, os.W_OK):
        raise _wrong(path, "exists: no permission to write it")
    if suffix.lower() == ".html" and importlib.util.find_spec("jinja2") is None:
        raise ImportError(
            "a report in HTML needs jinja2: pip install 'pytest-sm-metrics[report]' "
            f"(the report is {printable(str(path))!r})"
        )


def _wrong(path: Path, why: str) -> ValueError:
    end = "" if why.endswith((".", "?")) else "."
    return ValueError(f"the report {printable(str(path))!r} {why}{end} {_ACCEPTED}")


def write(run: RunRecord, path: Path) -> None:
    """Write a run to a file; its suffix decides about the format.

    The file is replaced as a whole. If that fails, an older file stays as it was.
    """
    text = _renderer(path.suffix.lower())(run)
    target = path.resolve()  # a link stays a link
    unfinished = target.with_name(f".{target.name[:100]}.{uuid4().hex}.tmp")
    try:
        with unfinished.open("xb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _renderer(suffix: str) -> Callable[[RunRecord], str]:
    if suffix == ".html":
        from . import html

        return html.page
    if suffix == ".md":
        from . import markdown

        return markdown.summary
    return _as_json


def _as_json(run: RunRecord) -> str:
    return json.dumps(run, ensure_ascii=False, allow_nan=False) + "\n"
