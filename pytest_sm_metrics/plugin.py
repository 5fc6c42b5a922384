"""pytest's side: the fixture, and how a failed comparison reads. Imports the rest when a test uses it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: Any) -> None:
    """Set `sm_metrics` up before every other function-scoped fixture, wherever it stands among the arguments.

    So it is on for the whole test: pytest sets fixtures up in the order of `fixturenames`, wider scopes first, and
    tears them down the other way round.
    """
    names: list[str] = getattr(item, "fixturenames", [])
    if "sm_metrics" in names:
        definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})  # items of other plugins may have none
        of_wider_scope = [name for name in names if name in definitions and definitions[name][-1].scope != "function"]
        if "sm_metrics" not in of_wider_scope:
            names.remove("sm_metrics")
            names.insert(len(of_wider_scope), "sm_metrics")


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    from .comparing import explain_comparison

    return explain_comparison(op, left, right)
