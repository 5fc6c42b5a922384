"""The explanation of a failed `in` or `==`."""

from __future__ import annotations

from dataclasses import replace

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
        "first difference at index 0, in metric_name:",
        f"  {run['a'][0]!r}",
        f"  {run['b'][0]!r}",
    ]
    assert explain_comparison("==", run["a"][:1], run["a"])[1:] == [
        "1 metric in <MetricSeries 'a': 1 value [1.0]>, 2 in the other"
    ]


@pytest.fixture
def curves(sm_metrics):
    """Return a function that logs a curve and returns its series."""

    def log(run, values):
        points = [metric("loss", value, step) for step, value in enumerate(values)]
        for first in range(0, len(points), 10):
            put(client_in("us-east-1"), run, *points[first : first + 10])
        return sm_metrics[run]["loss"]

    return log


def test_two_curves_show_where_they_part(curves, blocks):
    down, up = curves("down", [9, 8, 5, 3, 2, 2]), curves("up", [9, 8, 5, 6, 8, 9])
    assert explain_comparison("==", down, up)[1:] == [
        "first difference at index 3, in value:",
        f"  {down[3]!r}",
        f"  {up[3]!r}",
        "  █▇▄▂▁▁",
        "  █▇▄▅▇█",
        "     ^ from index 3 on",
    ]


def test_two_curves_of_different_lengths(curves, blocks):
    whole = curves("whole", range(6))
    assert explain_comparison("==", whole[:3], list(whole))[2:] == [
        "  ▁▂▄",
        "  ▁▂▄▅▇█",
        "     ^ from index 3 on",
    ]
    assert explain_comparison("==", whole, whole[:0])[2:] == [
        "  ▁▂▄▅▇█",
        "  ",
        "  ^ from index 0 on",
    ]


def test_two_long_curves(curves, blocks):
    one, other = curves("one", range(400)), curves("other", [*range(399), 0])
    *_, first, second, mark = explain_comparison("==", one, other)
    assert len(first) == len(second) == 42
    assert (first[:-1], first[-1], second[-1]) == (second[:-1], "█", "▁")
    assert mark == " " * 41 + "^ from index 399 on"


def test_two_curves_of_one_shape(curves, blocks):
    one, other = curves("one", range(3)), curves("other", range(3))
    later = [replace(point, step=point.step + 1) for point in other]
    assert explain_comparison("==", one, later)[1:] == [
        "first difference at index 0, in step:",
        f"  {one[0]!r}",
        f"  {later[0]!r}",
    ]


def test_a_curve_and_other_objects(curves, blocks):
    one = curves("one", range(3))
    assert explain_comparison("==", one, [None] * 3)[1:] == [
        "first difference at index 0:",
        f"  {one[0]!r}",
        "  None",
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


def test_the_repr_of_a_series(curves, blocks):
    loss = curves("run-1", range(10))
    assert (
        repr(loss)
        == "<MetricSeries 'loss': 10 values ▁▂▃▃▄▅▆▆▇█ [0.0, 1.0, 2.0, 3.0, ..., 7.0, 8.0, 9.0]>"
    )
    assert repr(loss[:3]) == "<MetricSeries 'loss': 3 values ▁▅█ [0.0, 1.0, 2.0]>"
    assert repr(loss[:2]) == "<MetricSeries 'loss': 2 values [0.0, 1.0]>"
    assert repr(loss[:0]) == "<MetricSeries 'loss': 0 values []>"
