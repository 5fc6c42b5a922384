"""The context manager, and `start` and `stop`: for any framework, and for a part of a test."""

from __future__ import annotations

import asyncio

from train import train

from pytest_sm_metrics import current, mock_sm_metrics


def test_a_part_of_a_test() -> None:
    with mock_sm_metrics(metric_limit=100) as sm_metrics:
        train("run-1", epochs=2)
    assert sm_metrics["run-1"]["train:loss"].steps == [0, 1]  # it can be read after it is off


def test_async() -> None:
    async def run() -> int:
        async with mock_sm_metrics() as sm_metrics:
            await asyncio.gather(
                asyncio.to_thread(train, "run-1"), asyncio.to_thread(train, "run-2")
            )
        return len(sm_metrics)

    assert asyncio.run(run()) == 2


def test_start_and_stop() -> None:
    sm_metrics = mock_sm_metrics().start()
    try:
        train("run-1", epochs=2)
        assert current() is sm_metrics
    finally:
        sm_metrics.stop()
