"""A naive uploader: it works until something fails, and then loses data silently."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

import boto3
from botocore.exceptions import ClientError
from uploading.resilient import Point, batches


class NaiveUploader:
    """An uploader that ignores Errors, and only prints when a call fails."""

    def __init__(self, run_name: str) -> None:
        self._client = boto3.client("sagemaker-metrics")
        self._run_name = run_name

    def upload(self, points: Sequence[Point]) -> None:
        """Upload the points."""
        now = datetime.now(timezone.utc)
        for batch in batches(points):
            data = [
                {"MetricName": one.name, "Timestamp": now, "Step": one.step, "Value": one.value}
                for one in batch
            ]
            try:
                self._client.batch_put_metrics(TrialComponentName=self._run_name, MetricData=data)
            except ClientError as error:
                print("could not upload metrics:", error)
