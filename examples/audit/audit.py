"""An audit of training runs: the callers that logged metrics to each run.

It reads CloudTrail's log files in a bucket.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3


class Line(NamedTuple):
    """A line of the audit."""

    run: str
    caller: str
    outcome: str
    """`ok`, or the error code of a call that failed."""


def records(bucket: str, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Yield every record in the log files of a bucket."""
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            if "/CloudTrail/" in found["Key"]:
                body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                yield from json.loads(gzip.decompress(body))["Records"]


def audit(bucket: str) -> dict[Line, int]:
    """Return the number of calls for each run, caller and outcome."""
    return dict(
        Counter(
            line_of(record)
            for record in records(bucket)
            if record["eventSource"] == "metrics-sagemaker.amazonaws.com"
        )
    )


def line_of(record: dict[str, Any]) -> Line:
    """Return the line to which a record of SageMaker Metrics belongs."""
    parameters = record["requestParameters"] or {}
    identity = record["userIdentity"]
    return Line(
        run=parameters.get("trialComponentName", "?"),
        caller=identity.get("arn") or identity["invokedBy"],
        outcome=record.get("errorCode", "ok"),
    )


def set_up_trail(name: str, bucket: str, runs: str | None = None) -> None:
    """Create a trail of the metrics of all runs, or of those whose names begin with `runs`."""
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::SageMaker::ExperimentTrialComponent"]},
    ]
    if runs is not None:
        account_id = boto3.client("sts").get_caller_identity()["Account"]
        region = boto3.session.Session().region_name
        arns = f"arn:aws:sagemaker:{region}:{account_id}:experiment-trial-component/{runs}"
        fields.append({"Field": "resources.ARN", "StartsWith": [arns]})
    cloudtrail = boto3.client("cloudtrail")
    cloudtrail.create_trail(Name=name, S3BucketName=bucket)
    selector = {"FieldSelectors": fields}
    cloudtrail.put_event_selectors(TrailName=name, AdvancedEventSelectors=[selector])
    cloudtrail.start_logging(Name=name)
