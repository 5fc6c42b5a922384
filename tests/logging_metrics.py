"""Helpers that log metrics through a real client, as training code does."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone
from functools import cache

import boto3
import botocore.serialize
import pytest

# A Value that the service reads as an infinity. The oldest botocore sends float("inf") as a token
# that is no JSON.
INFINITE = float("inf") if '"Infinity"' in inspect.getsource(botocore.serialize) else 10**400
SESSION = boto3.session.Session()
NOON = datetime(2026, 9, 1, 12, tzinfo=timezone.utc)


def metric(name="loss", value=0.5, step=0, timestamp=NOON):
    """Return an item of MetricData; `step=None` makes one without a Step."""
    item = {"MetricName": name, "Timestamp": timestamp, "Value": value}
    return item if step is None else {**item, "Step": step}


@cache
def client_in(region):
    """Return a client that was made while no mock was on; making one takes long."""
    return SESSION.client(
        "sagemaker-metrics", region_name=region, aws_access_key_id="a", aws_secret_access_key="b"
    )


def get(client, *queries):
    """Return the results of queries; skip the test if the service model has no such operation."""
    if not hasattr(client, "batch_get_metrics"):
        pytest.skip("the service model of this botocore has no BatchGetMetrics")
    return client.batch_get_metrics(MetricQueries=list(queries))["MetricQueryResults"]


def put(client, run, *metrics):
    """Put metrics through a client. Return its answer."""
    return client.batch_put_metrics(TrialComponentName=run, MetricData=list(metrics))
