"""The decorator: a new mock for each run of a function or test method; `current()` is the mock."""

from __future__ import annotations

import asyncio

import pytest
from train import MetricsRejectedError, train

from pytest_sm_metrics import current, mock_sm_metrics


@mock_sm_metrics
def test_a_function() -> None:
    train("run-1", epochs=2)
    assert current()["run-1"]["train:loss"].steps == [0, 1]


@mock_sm_metrics(metric_limit=3)
class TestAClass:
    """A class whose methods named test* run in a new mock each."""

    @pytest.mark.parametrize("run_name", ["run-1", "run-2"])
    def test_it(self, run_name: str) -> None:
        with pytest.raises(MetricsRejectedError):
            train(run_name, epochs=2)
        assert list(current()) == [run_name]


@mock_sm_metrics
async def upload() -> int:
    """Log a curve in a thread; return the number of metrics."""
    await asyncio.to_thread(train, "run-1", 3)
    return len(current()["run-1"].metrics)


def test_an_async_function() -> None:
    assert asyncio.run(upload()) == 6
