"""One mock shared by the tests of a module: they all read one long training run."""

from __future__ import annotations

import pytest
from train import train

from pytest_sm_metrics import SageMakerMetricsMock, TrialComponent


@pytest.fixture(scope="module")
def run(sm_metrics_module: SageMakerMetricsMock) -> TrialComponent:
    """Train once for all tests; return the finished run."""
    train("run-1", epochs=50)
    return sm_metrics_module["run-1"]


def test_it_converges(run: TrialComponent) -> None:
    assert run["train:loss"].last < run["train:loss"][0].value / 10


def test_it_does_not_overfit(run: TrialComponent) -> None:
    assert run["val:loss"].last == pytest.approx(run["val:loss"].min, rel=0.1)


def test_another_run_in_another_mock(run: TrialComponent, sm_metrics: SageMakerMetricsMock) -> None:
    train("run-2", epochs=1)
    assert list(sm_metrics) == ["run-2"]
    assert run["train:loss"].steps == list(range(50))
