"""The learning curves of several runs, read with BatchGetMetrics, and the best of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import boto3

QUERIES = 100  # the most that BatchGetMetrics takes
TRIES = 3  # the most times that a query is made if it ends with an internal error

Curve = dict[int, float]
"""The last value of each step."""


class CurveError(RuntimeError):
    """A curve that could not be read."""


class CurveReader:
    """A reader of one metric's curves from many trial components, a hundred to a call."""

    def __init__(self) -> None:
        self._client = boto3.client("sagemaker-metrics")

    def read(self, arns: Iterable[str], metric_name: str) -> dict[str, Curve]:
        """Return the whole curves by ARN. A long one takes several calls.

        Raise a CurveError if a curve cannot be read.
        """
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
                status = result["Status"]
                if status == "Complete":
                    del starts[arn]
                    continue
                if status == "Truncated" and result["XAxisValues"]:
                    starts[arn] = result["XAxisValues"][-1] + 1
                    continue
                failed[arn] += 1
                if status == "ValidationError" or failed[arn] == TRIES:
                    message = result.get("Message", "no message")
                    raise CurveError(f"{metric_name} of {arn}: {status}, {message}")
        return curves

    def best(self, arns: Iterable[str], metric_name: str) -> str:
        """Return the ARN of the trial component whose curve ends lowest.

        Those without the metric are left out. Raise a CurveError if none has it.
        """
        curves = self.read(arns, metric_name)
        ends = {arn: curve[max(curve)] for arn, curve in curves.items() if curve}
        if not ends:
            raise CurveError(f"{metric_name} was never logged")
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
