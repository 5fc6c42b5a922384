"""The marker: settings for the fixture. Of each setting, the nearest marker counts."""

from __future__ import annotations

import pytest
from train import MetricsRejectedError, train

from pytest_sm_metrics import SageMakerMetricsMock

pytestmark = pytest.mark.sm_metrics(account_id="111122223333", rejected_metrics="error")


def test_settings_of_the_module(sm_metrics: SageMakerMetricsMock) -> None:
    train("run-1", epochs=5)
    assert sm_metrics["run-1"].account_id == "111122223333"


@pytest.mark.sm_metrics(metric_limit=15, rejected_metrics="ignore")
def test_settings_of_the_test(sm_metrics: SageMakerMetricsMock) -> None:
    with pytest.raises(MetricsRejectedError, match="METRIC_LIMIT_EXCEEDED"):
        train("run-1")
    assert sm_metrics["run-1"].account_id == "111122223333"


@pytest.mark.xfail(
    reason="with rejected_metrics='error', a metric that a rule rejected fails the test",
    raises=AssertionError,
)
@pytest.mark.usefixtures("sm_metrics")
def test_a_diverging_run_that_is_not_noticed() -> None:
    with pytest.raises(MetricsRejectedError):
        train("run-1", epochs=1000, learning_rate=1e3)
