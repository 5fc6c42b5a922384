"""Recorded calls and metrics as plain data that JSON can carry.

A Value that is not finite is the string that stands for it on the wire. Timestamps are ISO 8601.
"""

from __future__ import annotations

import json
from typing import Any

from ..service.journal import Call
from ..service.numbers import as_sent
from .recorded import Metric, RejectedMetric, TrialComponent


def plain_metric(metric: Metric) -> dict[str, Any]:
    """Return a metric as plain data."""
    return {
        "metric_name": metric.metric_name,
        "value": as_sent(metric.value),
        "step": metric.step,
        "timestamp": metric.timestamp.isoformat(),
    }


def plain_trial_component(component: TrialComponent) -> dict[str, Any]:
    """Return a trial component as plain data, its metrics in order of arrival."""
    return {
        "name": component.name,
        "region": component.region,
        "arn": component.arn,
        "metrics": [plain_metric(metric) for metric in component.metrics],
    }


def plain_call(call: Call) -> dict[str, Any]:
    """Return a call as plain data, without what differs between runs or machines."""
    response = call.response
    if isinstance(response, bytes):
        response = response.decode(errors="backslashreplace")
    # A number that is too large for a double was read as an infinity, which JSON cannot carry.
    parameters = json.loads(json.dumps(call.parameters), parse_constant=str)
    return {
        "operation": call.operation,
        "trial_component": call.trial_component,
        "region": call.region,
        "parameters": parameters,
        "status_code": call.status_code,
        "error_code": call.error_code,
        "errors": call.errors,
        "response": response,
        "request_id": call.request_id,
        "attempt": call.attempt,
    }


def plain_rejected(rejected: RejectedMetric) -> dict[str, Any]:
    """Return a rejected metric as plain data."""
    return {
        "code": rejected.code,
        "index": rejected.index,
        "metric": plain_metric(rejected.metric),
        "reason": rejected.reason,
        "rule": rejected.rule.id if rejected.rule else None,
        "injected": rejected.injected,
        "request_id": rejected.call.request_id,
    }
