"""Calls to the SageMaker control plane about trial components, which moto or a Stubber answers.

A mock follows CreateTrialComponent and DeleteTrialComponent once they have succeeded. An answer to
DescribeTrialComponent gets the summaries of the metrics that the mock holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..service.service import Service

_NOTE = "pytest_sm_metrics: trial component"  # in the context of a call of the control plane


class _Summaries(list[dict[str, Any]]):
    """The `Metrics` of an answer, which keeps those from before: a Stubber may reuse the answer."""

    before: Any


def handlers(innermost: Callable[[], Service | None]) -> tuple[tuple[str, Any], ...]:
    """Return the events to follow, each with its handler."""

    def note(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context.pop(_NOTE, None)
        service, name = innermost(), params.get("TrialComponentName")
        if service is not None and isinstance(name, str):
            # Names are not case-sensitive (documented: CreateTrialComponent).
            context[_NOTE] = service, name.lower()

    def after(apply: Callable[[Service, str, str, dict[str, Any]], object]) -> Callable[..., None]:
        def handle(http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
            noted = context.pop(_NOTE, None)
            _restore(parsed)
            if noted is not None and http_response.status_code < 300:
                service, name = noted
                apply(service, name, context["client_region"], parsed)

        return handle

    changes = {
        "CreateTrialComponent": _create,
        "DeleteTrialComponent": _delete,
        "DescribeTrialComponent": _add_summaries,
    }
    return tuple(
        (f"{event}.sagemaker.{operation}", handler)
        for operation, apply in changes.items()
        for event, handler in (("before-parameter-build", note), ("after-call", after(apply)))
    )


def _create(service: Service, name: str, region: str, _: dict[str, Any]) -> None:
    service.create_trial_component(name, region)


def _delete(service: Service, name: str, region: str, _: dict[str, Any]) -> None:
    service.delete_trial_component(name, region)


def _add_summaries(service: Service, name: str, region: str, parsed: dict[str, Any]) -> None:
    ours = {summary["MetricName"]: summary for summary in service.summaries(name, region)}
    if not ours:
        return
    before = parsed.get("Metrics")
    arn = {"SourceArn": parsed["TrialComponentArn"]} if "TrialComponentArn" in parsed else {}
    summaries = _Summaries(one for one in before or [] if one.get("MetricName") not in ours)
    summaries += [{**summary, **arn} for summary in ours.values()]
    summaries.before = before
    parsed["Metrics"] = summaries


def _restore(parsed: Any) -> None:
    """Restore an answer that an earlier call has changed."""
    earlier = parsed.get("Metrics") if isinstance(parsed, dict) else None
    if isinstance(earlier, _Summaries):
        parsed["Metrics"] = earlier.before
        if earlier.before is None:
            del parsed["Metrics"]
