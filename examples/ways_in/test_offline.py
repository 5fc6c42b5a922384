"""An offline suite: the mode decides what happens to tests that ask for no mock.

To set it for all tests: `sm_metrics_mode = "block"` in the configuration, or
`--sm-metrics-mode=block` on the command line.
"""

from __future__ import annotations

import pytest
from train import train

from pytest_sm_metrics import UnmockedCallError, current


@pytest.mark.xfail(
    reason="a call outside a mock fails the test that makes it",
    raises=UnmockedCallError,
    strict=True,
)
@pytest.mark.sm_metrics(mode="block")
def test_it_forgot_to_ask_for_a_mock() -> None:
    train("run-1")


@pytest.mark.xfail(
    reason="it fails the test even if the error is caught", raises=AssertionError, strict=True
)
@pytest.mark.sm_metrics(mode="block")
def test_it_forgot_and_the_error_is_caught() -> None:
    try:
        train("run-1")
    except Exception as error:
        print("metrics are not that important:", error)


@pytest.mark.sm_metrics(mode="mock")
def test_its_metrics_do_not_matter() -> None:
    train("run-1")
    assert current().calls
