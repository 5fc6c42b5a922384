"""Recorded calls and metrics as plain data that JSON can carry.

A Value that is not finite is the string that stands for it on the wire. Timestamps are ISO 8601.
"""

from __future__ import annotations

from typing import Any

from ..service.journal import Call
from ..service.numbers import as_sent
from ..service.parsing import read_portable_json
from ..wording import encodable
from .recorded import Metric, RejectedMetric, TrialComponent


def plain_metric(metric: Metric) -> dict[str, Any]:
    """Return a metric as plain data."""
    return {
        "metric_name": encodable(metric.metric_name),
        "value": as_sent(metric.value),
        "step": metric.step,
        "timestamp": metric.timestamp.isoformat(),
    }


def plain_trial_component(component: TrialComponent) -> dict[str, Any]:
    """Return a trial component as plain data, its metrics in order of arrival."""
    return {
        "name": encodable(component.name),
        "region": component.region,
        "arn": encodable(component.arn),
        "metrics": [plain_metric(metric) for metric in component.metrics],
    }


def plain_call(call: Call) -> dict[str, Any]:
    """Return a call as plain data, without what differs between runs or machines."""
    return {
        "operation": call.operation,
        "trial_component": _encodable(call.trial_component),
        "region": call.region,
        "parameters": _parameters(call),
        "status_code": call.status_code,
        "error_code": _encodable(call.error_code),
        "errors": call.errors,
        "response": _response(call),
        "request_id": call.request_id,
        "attempt": call.attempt,
    }


def _encodable(text: str | None) -> str | None:
    return None if text is None else encodable(text)


def _response(call: Call) -> Any:
    response = call.response
    if isinstance(response, bytes):
        return response.decode(errors="backslashreplace")
    if isinstance(response, dict) and "message" in response:
        return {"message": encodable(response["message"])}
    return response


def _parameters(call: Call) -> Any:
    try:
        return read_portable_json(call.body)
    except ValueError:
        return None


def plain_rejected(rejected: RejectedMetric) -> dict[str, Any]:
    """Return a rejected metric as plain data."""
    return {
        "code": rejected.code,
        "index": rejected.index,
        "metric": plain_metric(rejected.metric),
        "reason": encodable(rejected.reason),
        "rule": rejected.rule.id if rejected.rule else None,
        "injected": rejected.injected,
        "request_id": rejected.call.request_id,
    }
