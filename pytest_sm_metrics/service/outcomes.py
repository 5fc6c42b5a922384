"""Outcomes: how a call ends."""

from __future__ import annotations

from typing import NamedTuple

from .exchange import NoAnswer


class Failure(NamedTuple):
    """An error response: the call was refused as a whole."""

    status: int
    code: str
    message: str


class Raw(NamedTuple):
    """A response that a fault gives, byte for byte."""

    status: int
    body: bytes


Outcome = Failure | Raw | NoAnswer | None
"""How a call ended; None for HTTP 200."""
