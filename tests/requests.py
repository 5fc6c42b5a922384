"""Requests as bytes, for tests that call the service without a client."""

from __future__ import annotations

import json

from pytest_sm_metrics.service.exchange import Request

EPOCH_SECONDS = 1_788_264_000  # 2026-09-01T12:00:00Z


def item(name="loss", value=0.5, step=0, timestamp=EPOCH_SECONDS, **more):
    members = {"MetricName": name, "Timestamp": timestamp, "Step": step, "Value": value, **more}
    return {key: value for key, value in members.items() if value is not ...}


def body(*items, run="run-1"):
    return json.dumps({"TrialComponentName": run, "MetricData": list(items)}).encode()


def request(
    content, *, method="PUT", path="/BatchPutMetrics", region="us-east-1", time=EPOCH_SECONDS
):
    return Request(method, path, content, region, "tests", "invocation", 1, float(time))


def query(
    name="loss",
    stat="Last",
    period="IterationNumber",
    axis=...,
    run="run-1",
    region="us-east-1",
    **more,
):
    """Return an item of MetricQueries. The default axis is the one that goes with the period."""
    if axis is ...:
        axis = "IterationNumber" if period == "IterationNumber" else "Timestamp"
    members = {
        "MetricName": name,
        "ResourceArn": f"arn:aws:sagemaker:{region}:123456789012:experiment-trial-component/{run}",
        "MetricStat": stat,
        "Period": period,
        "XAxisType": axis,
        **more,
    }
    return {key: value for key, value in members.items() if value is not ...}


def get_request(*queries, region="us-east-1"):
    return request(
        json.dumps({"MetricQueries": list(queries)}).encode(),
        method="POST",
        path="/BatchGetMetrics",
        region=region,
    )


def answered(service, request):
    """Return the answer to a request that no fault holds."""
    return service.answer(request)
