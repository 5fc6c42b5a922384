"""An uploader that loses nothing without saying so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

BATCH_SIZE = 10  # the most that BatchPutMetrics takes
ROUNDS = 5  # how often a metric is sent at most
WORTH_ANOTHER_TRY = {"INTERNAL_ERROR", "CONFLICT_ERROR"}


class Point(NamedTuple):
    """One value of a curve."""

    name: str
    step: int
    value: float


class MetricsLostError(RuntimeError):
    """Some metrics could not be uploaded; `lost` has each with the last error code."""

    def __init__(self, lost: dict[Point, str]) -> None:
        shown = ", ".join(
            f"{point.name} at step {point.step} ({code})" for point, code in lost.items()
        )
        super().__init__(f"{len(lost)} metrics were not uploaded: {shown}")
        self.lost = lost


def batches(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """The points, ten at a time."""
    for start in range(0, len(points), BATCH_SIZE):
        yield points[start : start + BATCH_SIZE]


class ResilientUploader:
    """Uploads points: survives throttling, sends again only what was refused, and tells at the end what is lost."""

    def __init__(self, run_name: str) -> None:
        # botocore itself retries throttling, errors of the server and lost connections.
        self._client = boto3.client(
            "sagemaker-metrics",
            config=Config(retries={"mode": "standard", "total_max_attempts": 8}),
        )
        self._run_name = run_name

    def upload(self, points: Sequence[Point]) -> None:
        """Upload all that can be uploaded; a MetricsLostError names the rest."""
        lost: dict[Point, str] = {}
        for _ in range(ROUNDS):
            refused = dict(refusal for batch in batches(points) for refusal in self._put(batch))
            again = [point for point, code in refused.items() if code in WORTH_ANOTHER_TRY]
            lost |= {
                point: code for point, code in refused.items() if code not in WORTH_ANOTHER_TRY
            }
            points = again
            if not points:
                break
        lost |= {point: refused[point] for point in points}
        if lost:
            raise MetricsLostError(lost)

    def _put(self, batch: Sequence[Point]) -> Iterator[tuple[Point, str]]:
        """Send one batch; what was refused, and why."""
        now = datetime.now(timezone.utc)
        data: list[Any] = [
            {"MetricName": one.name, "Timestamp": now, "Step": one.step, "Value": one.value}
            for one in batch
        ]
        answer = self._client.batch_put_metrics(TrialComponentName=self._run_name, MetricData=data)
        if (
            "Errors" not in answer
        ):  # a truncated body: nobody knows what was stored, and to send it again might double it
            yield from ((point, "no readable answer") for point in batch)
        for error in answer.get("Errors", []):
            yield batch[error["MetricIndex"]], error["Code"]
