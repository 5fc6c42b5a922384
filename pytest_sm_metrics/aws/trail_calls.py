"""What clients of CloudTrail ask for, whoever answers them: trails that a test makes through boto3, under moto."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

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

    def check_selectors(self, parameters: Mapping[str, Any]) -> None:
        """PutEventSelectors is about to be sent: raises what AWS would answer."""
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

    def check(context: dict[str, Any], **_: Any) -> None:
        noted = context.get(_NOTE)
        if noted is not None:
            listener, parameters = noted
            listener.check_selectors(parameters)

    def told(http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        noted = context.pop(_NOTE, None)
        if noted is not None and http_response.status_code < 300:
            listener, parameters = noted
            name, region = _named(parameters, context["client_region"])
            _TELLS[model.name](listener, name, region, parameters)

    return ("before-call.cloudtrail.PutEventSelectors", check), *(
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


def _named(parameters: Mapping[str, Any], client_region: str) -> tuple[str, str]:
    """The name and the home region of the trail, which may be given as an ARN."""
    given = str(parameters.get("Name", parameters.get("TrailName")))
    is_arn = given.startswith("arn:") and given.count(":") >= 5
    return given.rpartition("/")[2], given.split(":")[3] if is_arn else client_region
