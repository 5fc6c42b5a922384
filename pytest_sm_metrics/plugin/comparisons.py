"""Comparisons: the explanation of a failed `in` or `==` with the objects of a mock."""

from __future__ import annotations

from dataclasses import fields
from math import ceil
from typing import Any

from ..mock import SageMakerMetricsMock
from ..reading.recorded import Metric, MetricSeries, TrialComponent
from ..reading.why_absent import why_no_metric, why_no_trial_component
from ..sparkline import sparkline, terminal_ramp
from ..wording import counted

_WIDTH = 40  # characters of the shape of the longer series


def explain_comparison(op: str, left: object, right: object) -> list[str] | None:
    """Return the lines of the explanation, the comparison first; None to leave it to pytest."""
    if op == "in":
        explanation = _why_not_in(left, right)
        return [f"{left!r} in {right!r}", *explanation.splitlines()] if explanation else None
    if op == "==":
        for series, other in ((left, right), (right, left)):
            if isinstance(series, MetricSeries):
                return [f"{left!r} == {right!r}", *_explain_series(series, other)]
    return None


def _why_not_in(left: object, right: object) -> str | None:
    if isinstance(right, MetricSeries):
        return "a series holds metrics: look for numbers in its .values"
    if not isinstance(left, str):
        return None
    # pytest also asks about an `in` that holds, as in `assert "run-1" in sm_metrics and ...`.
    if isinstance(right, SageMakerMetricsMock) and left not in right:
        return why_no_trial_component(right._service, left, None)
    if isinstance(right, TrialComponent) and left not in right:
        return why_no_metric(right._service, right._stored, left)
    return None


def _explain_series(series: MetricSeries, other: object) -> list[str]:
    if not isinstance(other, (MetricSeries, list, tuple)):
        return [
            f"a series of metrics is compared with {type(other).__name__}: compare one of its "
            ".values, .last, .min, ..."
        ]
    others = list(other)
    if others and all(isinstance(item, (int, float)) for item in others):
        return ["a series holds metrics: compare its .values with numbers"]
    for index, (one, another) in enumerate(zip(series, others, strict=False)):
        if one != another:
            head = f"first difference at index {index}{_differing_members(one, another)}:"
            return [head, f"  {one!r}", f"  {another!r}", *_shapes(series, others, index)]
    lengths = f"{counted(len(series), 'metric')} in {series!r}, {len(others)} in the other"
    return [lengths, *_shapes(series, others, min(len(series), len(others)))]


def _differing_members(one: Metric, another: object) -> str:
    if not isinstance(another, Metric):
        return ""
    names = [field.name for field in fields(Metric)]
    return ", in " + ", ".join(
        name for name in names if getattr(one, name) != getattr(another, name)
    )


def _shapes(series: MetricSeries, others: list[Any], index: int) -> list[str]:
    """Return the shapes of two series on one scale, with a mark at the first difference."""
    longest = max(len(series), len(others))
    if longest < 3 or not all(isinstance(other, Metric) for other in others):
        return []
    columns = [series.values, [other.value for other in others]]
    if columns[0] == columns[1]:
        return []
    width = min(longest, _WIDTH)
    bounds = [value for column in columns for value in column]
    shapes = [
        sparkline(column, ceil(width * len(column) / longest), bounds, terminal_ramp())
        for column in columns
    ]
    mark = " " * (index * width // longest) + "^"
    return [*(f"  {shape}" for shape in shapes), f"  {mark} from index {index} on"]
