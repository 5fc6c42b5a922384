"""pytest's side: the fixture, and how a failed comparison reads. Imports the rest when a test uses it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .mock import SageMakerMetricsMock


@pytest.fixture
def sm_metrics() -> Iterator[SageMakerMetricsMock]:
    """Amazon SageMaker Metrics, in memory: every SageMaker Metrics client of the process answers from it.

    `sm_metrics["run-1"]["loss"].values` are the Values that were logged; `assert_logged`, `rejected`, `calls` and the
    rest say what arrived and what became of it.
    """
    from .mock import mock_sm_metrics

    with mock_sm_metrics() as mock:
        yield mock


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    from .comparing import explain_comparison

    return explain_comparison(op, left, right)
