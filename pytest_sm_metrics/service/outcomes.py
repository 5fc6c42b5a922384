"""Outcomes: how a call ends."""

from __future__ import annotations

from typing import NamedTuple

from .exchange import NoAnswer


class Failure(NamedTuple):
    """An error response: the call failed as a whole."""

    status: int
    code: str
    message: str


class Raw(NamedTuple):
    """A response whose bytes come from a fault."""

    status: int
    body: bytes


Outcome = Failure | Raw | NoAnswer | None
"""The end of a call; None for HTTP 200."""
