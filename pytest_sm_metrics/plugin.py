"""pytest's side: the fixture, and how a failed comparison reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .mock import SageMakerMetricsMock, mock_sm_metrics


@pytest.fixture
def sm_metrics() -> Iterator[SageMakerMetricsMock]:
    """Amazon SageMaker Metrics, in memory: every SageMaker Metrics client of the process answers from it.

    `sm_metrics["run-1"]["loss"].values` are the values logged; `assert_logged`, `rejected`, `calls` and the rest
    say what arrived and what became of it.
    """
    with mock_sm_metrics() as mock:
        yield mock
