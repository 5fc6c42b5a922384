"""Calls that clients make to CloudTrail, whatever answers them.

So the mock learns of trails that a test makes through boto3, under moto.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .errors import refusal

_OPERATIONS = (
    "CreateTrail",
    "UpdateTrail",
    "DeleteTrail",
    "PutEventSelectors",
    "StartLogging",
    "StopLogging",
)
_NOTE = "pytest_sm_metrics: trail"  # the key of a note in the context of a call


class TrailListener(Protocol):
    """An object that follows calls about trails.

    Its methods get the operation, the name and home region of the trail, and the parameters.
    """

    def why_refused(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        """Return the code and message with which AWS would refuse a call, or None."""
        ...

    def apply_call(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> None:
        """Apply a call that has succeeded."""
        ...


def handlers(innermost: Callable[[], TrailListener | None]) -> tuple[tuple[str, Any], ...]:
    """Return pairs of an event of botocore's and its handler."""

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        """Note the call in its context; a URL that is signed in advance is no call."""
        context.pop(_NOTE, None)
        listener = innermost()
        if listener is not None and "client_region" in context:
            name, region = _name_and_region(params, context["client_region"])
            context[_NOTE] = listener, (name, region, dict(params))

    def refuse(model: Any, context: dict[str, Any], **_: Any) -> Any:
        listener, noted = context.get(_NOTE, (None, ()))
        if listener is None:
            return None
        why = listener.why_refused(model.name, *noted)
        return refusal(*why) if why else None

    def apply(http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        listener, noted = context.pop(_NOTE, (None, ()))
        if listener is not None and http_response.status_code < 300:
            listener.apply_call(model.name, *noted)

    events = {"before-parameter-build": note, "before-call": refuse, "after-call": apply}
    return tuple(
        (f"{event}.cloudtrail.{operation}", handler)
        for operation in _OPERATIONS
        for event, handler in events.items()
    )


def _name_and_region(parameters: Mapping[str, Any], client_region: str) -> tuple[str, str]:
    """Return the name and the home region of the trail, which a call may name by its ARN."""
    given = str(parameters.get("Name", parameters.get("TrailName")))
    name = given.rpartition("/")[2]
    if given.startswith("arn:") and given.count(":") >= 5:
        return name, given.split(":")[3]
    return name, client_region
