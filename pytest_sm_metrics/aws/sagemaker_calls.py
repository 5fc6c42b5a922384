"""What the SageMaker control plane changes of trial components, whoever answers it: moto, a Stubber.

When CreateTrialComponent and DeleteTrialComponent have succeeded, the mock knows; an answer to DescribeTrialComponent gets the
summaries of the metrics that the mock holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..service.service import Service

_NOTE = "pytest_sm_metrics: trial component"  # in the context of a call of the control plane


class _Summaries(list[dict[str, Any]]):
    """What an answer has in `Metrics`, in place of what it had before: a Stubber may give the same dict again, later."""

    before: Any


def handlers(innermost: Callable[[], Service | None]) -> tuple[tuple[str, Any], ...]:
    """The events to listen to, and what listens."""

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context.pop(_NOTE, None)
        service, name = innermost(), params.get("TrialComponentName")
        if service is not None and isinstance(name, str):
            context[_NOTE] = (
                service,
                name.lower(),
            )  # not case-sensitive (documented: CreateTrialComponent)

    def after(apply: Callable[[Service, str, str, dict[str, Any]], object]) -> Callable[..., None]:
        def handle(http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
            noted = context.pop(_NOTE, None)
            _restore(parsed)
            if noted is not None and http_response.status_code < 300:
                service, name = noted
                apply(service, name, context["client_region"], parsed)

        return handle

    changes = {
        "CreateTrialComponent": _created,
        "DeleteTrialComponent": _deleted,
        "DescribeTrialComponent": _described,
    }
    return tuple(
        (f"{event}.sagemaker.{operation}", handler)
        for operation, apply in changes.items()
        for event, handler in (("before-parameter-build", note), ("after-call", after(apply)))
    )


def _created(service: Service, name: str, region: str, _: dict[str, Any]) -> None:
    service.create_trial_component(name, region)


def _deleted(service: Service, name: str, region: str, _: dict[str, Any]) -> None:
    service.delete_trial_component(name, region)


def _described(service: Service, name: str, region: str, parsed: dict[str, Any]) -> None:
    ours = {summary["MetricName"]: summary for summary in service.summaries(name, region)}
    if ours:
        before = parsed.get("Metrics")
        arn = {"SourceArn": parsed["TrialComponentArn"]} if "TrialComponentArn" in parsed else {}
        summaries = _Summaries(one for one in before or [] if one.get("MetricName") not in ours)
        summaries += [{**summary, **arn} for summary in ours.values()]
        summaries.before = before
        parsed["Metrics"] = summaries


def _restore(parsed: Any) -> None:
    """Take out what an earlier call has put into the same answer."""
    earlier = parsed.get("Metrics") if isinstance(parsed, dict) else None
    if isinstance(earlier, _Summaries):
        parsed["Metrics"] = earlier.before
        if earlier.before is None:
            del parsed["Metrics"]
