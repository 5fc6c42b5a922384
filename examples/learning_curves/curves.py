"""The learning curves of several runs, read with BatchGetMetrics, and the best of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import boto3

QUERIES = 100  # the most that BatchGetMetrics takes
TRIES = 3  # how often a query is made at most that ends with an internal error

Curve = dict[int, float]
"""The last value of each step."""


class CurveError(RuntimeError):
    """A curve that could not be read."""


class CurveReader:
    """Reads the curve of a metric from many trial components, a hundred to a call."""

    def __init__(self) -> None:
        self._client = boto3.client("sagemaker-metrics")

    def read(self, arns: Iterable[str], metric_name: str) -> dict[str, Curve]:
        """The curves by ARN, whole ones: long ones are read in several calls. A CurveError for one that cannot be read."""
        curves: dict[str, Curve] = {arn: {} for arn in arns}
        starts = dict.fromkeys(curves, 0)
        failed: Counter[str] = Counter()
        while starts:
            batch = list(starts.items())[:QUERIES]
            answer = self._client.batch_get_metrics(
                MetricQueries=[_query(arn, metric_name, start) for arn, start in batch]
            )
            for (arn, _), result in zip(batch, answer["MetricQueryResults"], strict=True):
                curves[arn] |= zip(result["XAxisValues"], result["MetricValues"], strict=True)
                if result["Status"] == "Complete":
                    del starts[arn]
                elif result["Status"] == "Truncated" and result["XAxisValues"]:
                    starts[arn] = result["XAxisValues"][-1] + 1
                else:
                    failed[arn] += 1
                    if result["Status"] == "ValidationError" or failed[arn] == TRIES:
                        raise CurveError(
                            f"{metric_name} of {arn}: {result['Status']}, {result.get('Message', 'no message')}"
                        )
        return curves

    def best(self, arns: Iterable[str], metric_name: str) -> str:
        """The ARN of the trial component whose curve ends lowest; those that never logged the metric do not take part."""
        ends = {
            arn: curve[max(curve)] for arn, curve in self.read(arns, metric_name).items() if curve
        }
        if not ends:
            raise CurveError(f"nobody has logged {metric_name}")
        return min(ends, key=ends.__getitem__)


def _query(arn: str, metric_name: str, start: int) -> Mapping[str, Any]:
    return {
        "MetricName": metric_name,
        "ResourceArn": arn,
        "MetricStat": "Last",
        "Period": "IterationNumber",
        "XAxisType": "IterationNumber",
        "Start": start,
    }
