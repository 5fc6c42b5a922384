"""An uploader that retries what it can, and reports every metric that it loses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

BATCH_SIZE = 10  # the most that BatchPutMetrics takes
ROUNDS = 5  # the most times that a metric is sent
WORTH_ANOTHER_TRY = {"INTERNAL_ERROR", "CONFLICT_ERROR"}


class Point(NamedTuple):
    """One value of a curve."""

    name: str
    step: int
    value: float


class MetricsLostError(RuntimeError):
    """Metrics that could not be uploaded: `lost` maps each to its last error code."""

    def __init__(self, lost: dict[Point, str]) -> None:
        shown = [f"{point.name} at step {point.step} ({code})" for point, code in lost.items()]
        super().__init__(f"{len(lost)} metrics were not uploaded: {', '.join(shown)}")
        self.lost = lost


def batches(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Return the points, ten at a time."""
    for start in range(0, len(points), BATCH_SIZE):
        yield points[start : start + BATCH_SIZE]


class ResilientUploader:
    """An uploader of points. It survives throttling and sends rejected metrics again.

    At the end it reports those that are lost.
    """

    def __init__(self, run_name: str) -> None:
        # botocore itself retries throttling, errors of the server and lost connections.
        self._client = boto3.client(
            "sagemaker-metrics",
            config=Config(retries={"mode": "standard", "total_max_attempts": 8}),
        )
        self._run_name = run_name

    def upload(self, points: Sequence[Point]) -> None:
        """Upload the points; raise a MetricsLostError that names those that are lost."""
        lost: dict[Point, str] = {}
        to_retry: dict[Point, str] = {}
        for _ in range(ROUNDS):
            to_retry = {}
            for batch in batches(points):
                for point, code in self._put(batch):
                    codes = to_retry if code in WORTH_ANOTHER_TRY else lost
                    codes[point] = code
            points = list(to_retry)
        lost |= to_retry
        if lost:
            raise MetricsLostError(lost)

    def _put(self, batch: Sequence[Point]) -> Iterator[tuple[Point, str]]:
        """Send one batch; return the points that were rejected, and the codes."""
        now = datetime.now(timezone.utc)
        data: list[Any] = [
            {"MetricName": one.name, "Timestamp": now, "Step": one.step, "Value": one.value}
            for one in batch
        ]
        answer = self._client.batch_put_metrics(TrialComponentName=self._run_name, MetricData=data)
        if "Errors" not in answer:
            # The body is truncated. The points may be stored: sending them again may double them.
            yield from ((point, "no readable answer") for point in batch)
        for error in answer.get("Errors", []):
            yield batch[error["MetricIndex"]], error["Code"]
