"""The calls that the benchmarks make."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone
from typing import Any

import boto3

RUN = "run-1"
_NOON = datetime(2026, 9, 1, 12, tzinfo=timezone.utc)


def new_client(service: str = "sagemaker-metrics", url: str | None = None) -> Any:
    """Return a client of a new session."""
    session = boto3.session.Session("AKIDEXAMPLE", "secret", region_name="us-east-1")
    return session.client(service, endpoint_url=url)


def metrics(step: int, count: int = 10) -> list[dict[str, Any]]:
    """Return MetricData for one call. Its values have as many digits as a real loss."""
    digits = random.Random(step)
    return [
        {
            "MetricName": f"train:loss-{n}",
            "Timestamp": _NOON,
            "Step": step,
            "Value": digits.random() / (step + 1),
        }
        for n in range(count)
    ]


def body_of(step: int, count: int = 10) -> bytes:
    """Return the body that a client sends for these metrics."""
    data = metrics(step, count)
    for metric in data:
        metric["Timestamp"] = int(metric["Timestamp"].timestamp())
    return json.dumps({"TrialComponentName": RUN, "MetricData": data}).encode()
