"""Faults as JSON: `{"kind": "fail_calls", "error": "ThrottlingException", "times": 2}`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

from ..accepted import NotAcceptedError
from ..faults import (
    check_error_code,
    delay_calls,
    fail_calls,
    fail_metrics,
    fail_queries,
    hold_calls,
)
from ..service.errors import METRIC_ERRORS, QUERY_STATUSES
from ..service.faults.fault import Fault
from ..wording import did_you_mean

_KINDS: dict[str, Callable[..., Fault]] = {
    make.__name__: make
    for make in (fail_metrics, fail_calls, fail_queries, delay_calls, hold_calls)
}
_TEXT_FILTERS = ("operation", "trial_component", "region", "metric_name")


def fault_of(body: bytes) -> Fault:
    """Return the fault that a JSON object describes; raise a ValueError for anything wrong."""
    document = _object_in(body)
    kind = document.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _not_accepted("kind", kind)
    parameters = inspect.signature(_KINDS[kind]).parameters
    for key in document:
        if key not in parameters:
            raise ValueError(
                f"unknown key {key!r} of {kind}{did_you_mean(key, parameters)} "
                f"The keys are: kind, {', '.join(parameters)}."
            )
    required = [one.name for one in parameters.values() if one.default is one.empty]
    for key in required:
        if key not in document:
            raise ValueError(f"{kind} needs the key {key!r}: {ACCEPTED[key]}.")
    values = {key: _value_of(key, value) for key, value in document.items()}
    try:
        return _KINDS[kind](*[values.pop(key) for key in required], **values)
    except NotAcceptedError as error:  # its message is for Python
        raise _not_accepted(error.name, document[error.name]) from None


_FILTER = 'a string, {"pattern": "..."} with a regular expression, or null for any'
ACCEPTED = {
    "kind": f"one of: {', '.join(_KINDS)}",
    "code": f"an error code of a metric: {', '.join(METRIC_ERRORS)}",
    "error": 'an error code, [status, code] with a status from 400 to 599, or [status, {"body": '
    '"..."}] with a status from 200 to 599 for a raw answer',
    "status": f"the Status of a query that fails: {', '.join(QUERY_STATUSES)}",
    "seconds": "a number from 0",
    **dict.fromkeys(_TEXT_FILTERS, _FILTER),
    "step": "a whole number from 0, or null for any",
    "index": "a whole number from 0 to 9, or null for any",
    "times": "a whole number from 1, or null for every match",
    "after": "a whole number from 0",
    "probability": "a number from 0 to 1",
    "optional": "true or false",
    "stored": "true or false",
    "message": "a string or null; in fail_calls, a string beside an error code only",
    "timeout": "a number of seconds over 0",
}
"""The accepted values of each key, as JSON has them."""


def _not_accepted(key: str, value: Any) -> ValueError:
    return ValueError(f"{key} is {json.dumps(value)}; accepted is {ACCEPTED[key]}.")


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        text = body[:60].decode(errors="replace")
        raise ValueError(f"the body is {text!r}; accepted is a JSON object with the key kind.")
    return document


def _value_of(key: str, value: Any) -> Any:
    """Return a value as the function that makes the fault takes it."""
    if key == "error":
        return _error_of(value)
    if key in ("code", "status") and not isinstance(value, str):
        raise _not_accepted(key, value)
    return _filter_of(key, value) if key in _TEXT_FILTERS else value


_NO_EXCEPTIONS = (
    'exceptions cannot be given in JSON; the errors "NoAnswer" and "ConnectionReset" stand for a '
    "lost answer"
)


def _error_of(value: Any) -> Any:
    match value:
        case str():
            check_error_code(value, _NO_EXCEPTIONS, "[status, code]")
            return value
        case [status, str() as code]:
            return status, code
        case [status, {"body": str() as body}]:
            return status, body.encode()
        case _:
            raise _not_accepted("error", value)


def _filter_of(key: str, value: Any) -> Any:
    match value:
        case None | str():
            return value
        case {"pattern": str() as pattern, **others} if not others:
            try:
                return re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{key} has the pattern {pattern!r}: {error}.") from None
        case _:
            raise _not_accepted(key, value)
