"""The fixture: its mock is on for the whole test.

So another fixture may log before and after the body of the test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from train import MetricLogger

from pytest_sm_metrics import SageMakerMetricsMock


@pytest.fixture
def logger() -> Iterator[MetricLogger]:
    """Return a logger; flush it when the test is over."""
    logger = MetricLogger("run-1")
    logger.log("epoch", 0, step=0)
    logger.flush()
    yield logger
    logger.flush()


def test_the_order_of_arguments_does_not_matter(
    logger: MetricLogger, sm_metrics: SageMakerMetricsMock
) -> None:
    logger.log("loss", 0.5, step=0)
    sm_metrics.assert_logged("run-1", "epoch", 0)
    sm_metrics.assert_not_logged("run-1", "loss")  # still in the buffer
