"""What clients of CloudTrail ask for, whoever answers them: trails that a test makes through boto3, under moto."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .errors import refusal

_NOTE = "pytest_sm_metrics: trail"  # in the context of a call of CloudTrail


class TrailListener(Protocol):
    """What is told of trails."""

    def trail_created(self, name: str, region: str, parameters: Mapping[str, Any]) -> None:
        """CreateTrail has succeeded."""
        ...

    def trail_updated(self, name: str, region: str, parameters: Mapping[str, Any]) -> None:
        """UpdateTrail has succeeded."""
        ...

    def trail_deleted(self, name: str, region: str) -> None:
        """DeleteTrail has succeeded."""
        ...

    def why_not_created(self, name: str, region: str, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
        """CreateTrail is about to be sent: the code and the message with which AWS would refuse it."""
        ...

    def why_not_selected(self, name: str, region: str, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
        """PutEventSelectors is about to be sent: the code and the message with which AWS would refuse it."""
        ...

    def selectors_put(self, name: str, region: str, parameters: Mapping[str, Any]) -> None:
        """PutEventSelectors has succeeded."""
        ...

    def logging_started(self, name: str, region: str) -> None:
        """StartLogging has succeeded."""
        ...

    def logging_stopped(self, name: str, region: str) -> None:
        """StopLogging has succeeded."""
        ...


def handlers(innermost: Callable[[], TrailListener | None]) -> tuple[tuple[str, Any], ...]:
    """The events to listen to, and what listens."""

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context.pop(_NOTE, None)
        listener = innermost()
        if listener is not None:
            context[_NOTE] = listener, dict(params)

    def refuse(model: Any, context: dict[str, Any], **_: Any) -> Any:
        noted = context.get(_NOTE)
        why = noted and _REFUSALS[model.name](noted[0], *_named(noted[1], context["client_region"]), noted[1])
        return refusal(*why) if why else None

    def told(http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        noted = context.pop(_NOTE, None)
        if noted is not None and http_response.status_code < 300:
            listener, parameters = noted
            name, region = _named(parameters, context["client_region"])
            _TELLS[model.name](listener, name, region, parameters)

    refusing = tuple((f"before-call.cloudtrail.{operation}", refuse) for operation in _REFUSALS)
    return *refusing, *(
        (f"{event}.cloudtrail.{operation}", handler)
        for operation in _TELLS
        for event, handler in (("provide-client-params", note), ("after-call", told))
    )


_TELLS: dict[str, Callable[[TrailListener, str, str, Mapping[str, Any]], None]] = {
    "CreateTrail": lambda listener, name, region, parameters: listener.trail_created(name, region, parameters),
    "UpdateTrail": lambda listener, name, region, parameters: listener.trail_updated(name, region, parameters),
    "DeleteTrail": lambda listener, name, region, _: listener.trail_deleted(name, region),
    "PutEventSelectors": lambda listener, name, region, parameters: listener.selectors_put(name, region, parameters),
    "StartLogging": lambda listener, name, region, _: listener.logging_started(name, region),
    "StopLogging": lambda listener, name, region, _: listener.logging_stopped(name, region),
}


_REFUSALS: dict[str, Callable[[TrailListener, str, str, Mapping[str, Any]], tuple[str, str] | None]] = {
    "CreateTrail": lambda listener, name, region, parameters: listener.why_not_created(name, region, parameters),
    "PutEventSelectors": lambda listener, name, region, parameters: listener.why_not_selected(name, region, parameters),
}


def _named(parameters: Mapping[str, Any], client_region: str) -> tuple[str, str]:
    """The name and the home region of the trail, which may be given as an ARN."""
    given = str(parameters.get("Name", parameters.get("TrailName")))
    is_arn = given.startswith("arn:") and given.count(":") >= 5
    return given.rpartition("/")[2], given.split(":")[3] if is_arn else client_region
