"""Faults as JSON: `{"kind": "fail_calls", "error": "ThrottlingException", "times": 2}`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

from ..faults import delay_calls, fail_calls, fail_metrics, fail_queries, hold_calls
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
        raise ValueError(f"kind is {kind!r}; accepted is one of: {', '.join(_KINDS)}.")
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
            raise ValueError(f"{kind} needs the key {key!r}: {_WORDS[key]}.")
    values = {key: _value_of(key, value) for key, value in document.items()}
    return _KINDS[kind](*[values.pop(key) for key in required], **values)


_WORDS = {
    "code": "an error code of a metric",
    "error": 'an error code, [status, code], or [status, {"body": "..."}] for a raw answer',
    "status": "the Status of a query that fails",
    "seconds": "a number from 0",
}
"""The accepted values of the keys that a fault needs."""


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
    return _filter_of(key, value) if key in _TEXT_FILTERS else value


def _error_of(value: Any) -> Any:
    match value:
        case str():
            return value
        case [status, str() as code]:
            return status, code
        case [status, {"body": str() as body}]:
            return status, body.encode()
        case _:
            raise ValueError(f"error is {value!r}; accepted is {_WORDS['error']}.")


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
            words = 'a string, {"pattern": "..."} with a regular expression, or null for any'
            raise ValueError(f"{key} is {value!r}; accepted is {words}.")
