"""A training script: it fits a line, and logs its metrics to SageMaker, ten to a call."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import boto3

BATCH_SIZE = 10  # the most that BatchPutMetrics takes


class MetricsRejectedError(RuntimeError):
    """An answer with HTTP 200 that rejects some of the metrics."""


class MetricLogger:
    """A logger that buffers metrics and sends them to a trial component, ten to a call."""

    def __init__(self, run_name: str) -> None:
        self._client = boto3.client("sagemaker-metrics")
        self._run_name = run_name
        self._buffer: list[dict[str, Any]] = []

    def log(self, name: str, value: float, step: int) -> None:
        """Buffer one metric; send the buffer when it is full."""
        now = datetime.now(timezone.utc)
        self._buffer.append({"MetricName": name, "Timestamp": now, "Step": step, "Value": value})
        if len(self._buffer) == BATCH_SIZE:
            self.flush()

    def flush(self) -> None:
        """Send the buffer; raise a MetricsRejectedError that names the rejected metrics."""
        batch, self._buffer = self._buffer, []
        if not batch:
            return
        answer = self._client.batch_put_metrics(TrialComponentName=self._run_name, MetricData=batch)
        errors = answer.get("Errors", [])
        if errors:
            names = [batch[error["MetricIndex"]]["MetricName"] for error in errors]
            codes = [error["Code"] for error in errors]
            which = ", ".join(f"{name} ({code})" for name, code in zip(names, codes, strict=True))
            raise MetricsRejectedError(f"{len(errors)} of {len(batch)} metrics rejected: {which}")


def noisy_line(seed: int, points: int = 20) -> list[tuple[float, float]]:
    """Return points around y = 3x + 1."""
    noise = random.Random(seed)
    return [(x / points, 3 * x / points + 1 + noise.gauss(0, 0.05)) for x in range(points)]


def descend(data: list[tuple[float, float]], epochs: int, learning_rate: float) -> Iterator[float]:
    """Fit a line by gradient descent, and yield the mean squared error of each epoch."""
    slope = intercept = 0.0
    for _ in range(epochs):
        errors = [(x, slope * x + intercept - y) for x, y in data]
        yield sum(error * error for _, error in errors) / len(data)
        slope -= learning_rate * 2 * sum(error * x for x, error in errors) / len(data)
        intercept -= learning_rate * 2 * sum(error for _, error in errors) / len(data)


def train(run_name: str, epochs: int = 25, learning_rate: float = 0.5) -> None:
    """Train, and log `train:loss` and `val:loss` of each epoch."""
    logger = MetricLogger(run_name)
    losses = descend(noisy_line(seed=1), epochs, learning_rate)
    validation_losses = descend(noisy_line(seed=2), epochs, learning_rate)
    pairs = zip(losses, validation_losses, strict=True)
    for epoch, (loss, validation_loss) in enumerate(pairs):
        logger.log("train:loss", loss, step=epoch)
        logger.log("val:loss", validation_loss, step=epoch)
    logger.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_name")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--learning-rate", type=float, default=0.5)
    options = parser.parse_args()
    train(options.run_name, options.epochs, options.learning_rate)
