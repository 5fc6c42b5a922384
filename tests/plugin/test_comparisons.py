"""The explanation of a failed `in` or `==`."""

from __future__ import annotations

import pytest

from pytest_sm_metrics.plugin.comparisons import explain_comparison

from ..logging_metrics import client_in, metric, put


@pytest.fixture
def run(sm_metrics):
    put(
        client_in("us-east-1"),
        "run-1",
        metric("a", 1, 0),
        metric("a", 2, 1),
        metric("b", 1, 0),
        metric("b", 3, 1),
    )
    return sm_metrics["run-1"]


def test_pytests_own_says_enough(run):
    assert explain_comparison("==", [1], [2]) is None
    assert explain_comparison("in", "a", ["b"]) is None
    assert explain_comparison("<", run["a"], 3) is None


def test_what_holds_needs_no_explanation(run, sm_metrics):
    assert explain_comparison("in", "run-1", sm_metrics) is None
    assert explain_comparison("in", "a", run) is None


def test_a_number_is_looked_for_in_a_series(run):
    assert explain_comparison("in", 0.5, run["a"]) == [
        "0.5 in <MetricSeries 'a': 2 values [1.0, 2.0]>",
        "a series holds metrics: look for numbers in its .values",
    ]


def test_two_series(run):
    assert run["a"] != run["b"]
    assert explain_comparison("==", run["a"], run["b"])[1:] == [
        "first difference at index 0:",
        f"  {run['a'][0]!r}",
        f"  {run['b'][0]!r}",
    ]
    assert explain_comparison("==", run["a"][:1], run["a"])[1:] == [
        "1 metric in <MetricSeries 'a': 1 value [1.0]>, 2 in the other"
    ]


@pytest.mark.parametrize("numbers", [[1.0, 2.0], (1, 2)])
def test_a_series_and_numbers(run, numbers):
    assert explain_comparison("==", numbers, run["a"])[1:] == [
        "a series holds metrics: compare its .values with numbers"
    ]


def test_a_series_and_something_else(run):
    assert run["a"] != 1.0
    assert explain_comparison("==", run["a"], 1.0)[1:] == [
        "a series of metrics is compared with float: compare one of its .values, .last, .min, ..."
    ]


def test_a_long_series_is_shown_in_short(sm_metrics):
    put(client_in("us-east-1"), "run-1", *[metric(value=step, step=step) for step in range(10)])
    assert (
        repr(sm_metrics["run-1"]["loss"])
        == "<MetricSeries 'loss': 10 values [0.0, 1.0, 2.0, 3.0, ..., 7.0, 8.0, 9.0]>"
    )
