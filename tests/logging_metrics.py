"""Logging metrics through a real client, as training code does."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone
from functools import cache

import boto3
import botocore.serialize
import pytest

# A Value that is an infinity to the service: the oldest botocore sends those of Python as tokens that are no JSON.
INFINITE = float("inf") if '"Infinity"' in inspect.getsource(botocore.serialize) else 10**400
SESSION = boto3.session.Session()
NOON = datetime(2026, 9, 1, 12, tzinfo=timezone.utc)


def metric(name="loss", value=0.5, step=0, timestamp=NOON):
    """One item of MetricData; `step=None` for one without a Step."""
    item = {"MetricName": name, "Timestamp": timestamp, "Value": value}
    return item if step is None else {**item, "Step": step}


@cache
def client_in(region):
    """A client that was made before any mock was on; made once, because that takes long."""
    return SESSION.client(
        "sagemaker-metrics", region_name=region, aws_access_key_id="a", aws_secret_access_key="b"
    )


def get(client, *queries):
    """Ask for metrics through a client, and give back its results. The oldest service models have no such operation."""
    if not hasattr(client, "batch_get_metrics"):
        pytest.skip("the service model of this botocore has no BatchGetMetrics")
    return client.batch_get_metrics(MetricQueries=list(queries))["MetricQueryResults"]


def put(client, run, *metrics):
    """Put metrics through a client, and give back what it answered."""
    return client.batch_put_metrics(TrialComponentName=run, MetricData=list(metrics))
