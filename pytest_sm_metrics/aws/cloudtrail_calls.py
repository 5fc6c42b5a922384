"""What clients of CloudTrail ask for, whoever answers them: trails that a test makes through boto3, under moto."""

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
_NOTE = "pytest_sm_metrics: trail"  # in the context of a call of CloudTrail


class TrailListener(Protocol):
    """Follows calls about trails: operation, name and home region of the trail, parameters."""

    def why_refused(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        """Return the code and message with which AWS would refuse a call that is about to be sent."""
        ...

    def apply_call(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> None:
        """Apply a call that has succeeded."""
        ...


def handlers(innermost: Callable[[], TrailListener | None]) -> tuple[tuple[str, Any], ...]:
    """The events to listen to, and what listens."""

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context.pop(_NOTE, None)
        listener = innermost()
        if (
            listener is not None and "client_region" in context
        ):  # a URL that is signed in advance is no call
            context[_NOTE] = listener, (*_named(params, context["client_region"]), dict(params))

    def refuse(model: Any, context: dict[str, Any], **_: Any) -> Any:
        listener, noted = context.get(_NOTE, (None, ()))
        why = listener and listener.why_refused(model.name, *noted)
        return refusal(*why) if why else None

    def apply(http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        listener, noted = context.pop(_NOTE, (None, ()))
        if listener and http_response.status_code < 300:
            listener.apply_call(model.name, *noted)

    events = {"before-parameter-build": note, "before-call": refuse, "after-call": apply}
    return tuple(
        (f"{event}.cloudtrail.{operation}", handler)
        for operation in _OPERATIONS
        for event, handler in events.items()
    )


def _named(parameters: Mapping[str, Any], client_region: str) -> tuple[str, str]:
    """The name and the home region of the trail, which may be given as an ARN."""
    given = str(parameters.get("Name", parameters.get("TrailName")))
    is_arn = given.startswith("arn:") and given.count(":") >= 5
    return given.rpartition("/")[2], given.split(":")[3] if is_arn else client_region
