"""What the SageMaker control plane tells of trial components, whoever answers it: moto, a Stubber.

When CreateTrialComponent and DeleteTrialComponent have succeeded, the mock knows; an answer to DescribeTrialComponent gets the
summaries of the metrics that the mock holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..service.arns import trial_component_named

_NOTE = "pytest_sm_metrics: trial component"  # in the context of a call of the control plane


class Listener(Protocol):
    """What is told of trial components."""

    def create_trial_component(self, name: str, region: str | None) -> object:
        """It was created in a region."""
        ...

    def delete_trial_component(self, name: str, region: str) -> None:
        """It was deleted in a region."""
        ...

    def summaries(self, name: str, region: str) -> list[dict[str, Any]]:
        """The summaries of its metrics, as DescribeTrialComponent has them."""
        ...


def handlers(innermost: Callable[[], Listener | None]) -> tuple[tuple[str, Any], ...]:
    """The events to listen to, and what listens."""

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context.pop(_NOTE, None)
        listener, name = innermost(), params.get("TrialComponentName")
        if listener is not None and isinstance(name, str):
            # Not case-sensitive (documented: CreateTrialComponent), and lower case in SageMaker Metrics. Describing takes an ARN, too.
            context[_NOTE] = listener, (trial_component_named(name) or name).lower()

    def after(tell: Callable[[Listener, str, str, dict[str, Any]], object]) -> Callable[..., None]:
        def told(http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
            noted = context.pop(_NOTE, None)
            if noted is not None and http_response.status_code < 300:
                listener, name = noted
                tell(listener, name, context["client_region"], parsed)

        return told

    tells = {"CreateTrialComponent": _created, "DeleteTrialComponent": _deleted, "DescribeTrialComponent": _described}
    return tuple(
        (f"{event}.sagemaker.{operation}", handler)
        for operation, tell in tells.items()
        for event, handler in (("provide-client-params", note), ("after-call", after(tell)))
    )


def _created(listener: Listener, name: str, region: str, _: dict[str, Any]) -> None:
    listener.create_trial_component(name, region)


def _deleted(listener: Listener, name: str, region: str, _: dict[str, Any]) -> None:
    listener.delete_trial_component(name, region)


def _described(listener: Listener, name: str, region: str, parsed: dict[str, Any]) -> None:
    summaries = listener.summaries(name, region)
    if summaries:
        ours = {summary["MetricName"] for summary in summaries}
        parsed["Metrics"] = [one for one in parsed.get("Metrics") or [] if one.get("MetricName") not in ours] + summaries
