"""Errors of the plugin itself: they are reported, and do not end the run."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager

import pytest

LATE = pytest.StashKey[list[str]]()
"""The messages for the report after the last test. They fail the run."""


@contextmanager
def reported(config: pytest.Config, what: str) -> Generator[None]:
    """Report an error of the plugin after the last test. A UsageError, which is a user's, passes.

    `what`: what the plugin does in this context.
    """
    try:
        yield
    except pytest.UsageError:
        raise
    except Exception as error:
        report_late(config, [internal_error(what, error)])


def report_late(config: pytest.Config, messages: list[str]) -> None:
    """Report messages after the last test, each once."""
    config.stash[LATE] = list(dict.fromkeys([*config.stash.get(LATE, []), *messages]))


def internal_error(what: str, error: BaseException) -> str:
    """Return the message for an error of the plugin: what failed, and where."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({frame.filename}:{frame.lineno})" for frame in last)
    return f"an error in pytest-sm-metrics, while it {what}: {safe_repr(error)}{where}"


def safe_repr(error: BaseException) -> str:
    """Return the repr of an error; its type's name if there is none."""
    try:
        return repr(error)
    except Exception:
        return type(error).__name__
