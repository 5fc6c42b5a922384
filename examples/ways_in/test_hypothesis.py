"""Hypothesis: each example starts from the state at which the test body began."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from train import MetricLogger

from pytest_sm_metrics import SageMakerMetricsMock


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=25))
def test_every_value_arrives_once_and_in_order(
    sm_metrics: SageMakerMetricsMock, values: list[float]
) -> None:
    logger = MetricLogger("run-1")
    for step, value in enumerate(values):
        logger.log("loss", value, step)
    logger.flush()

    arrived = sm_metrics["run-1"]["loss"].values if values else []
    assert arrived == values
