"""How a call ends."""

from __future__ import annotations

from typing import NamedTuple

from .errors import ERRORS
from .exchange import NoAnswer
from .faults import CallFault


class Failure(NamedTuple):
    """Why a call was refused as a whole."""

    status: int
    code: str
    message: str


class Raw(NamedTuple):
    """An answer that a fault gives, byte for byte."""

    status: int
    body: bytes


Outcome = Failure | Raw | NoAnswer | None
"""How a call ended; None for HTTP 200."""


def outcome_of(fault: CallFault, operation: str | None, resource: str, caller: str) -> Outcome:
    """What a fault of calls makes of one, about a resource, by a caller."""
    error = fault.error
    if isinstance(error, tuple):
        status, what = error
        if isinstance(what, bytes):
            return Raw(status, what)
        return Failure(status, what, what if fault.message is None else fault.message)
    if not isinstance(error, str):
        return NoAnswer(error)
    known = ERRORS[error]
    words = {"user": caller, "action": f"sagemaker:{operation}", "resource": resource}
    return Failure(
        known.status,
        error,
        known.message.format(**words) if fault.message is None else fault.message,
    )
