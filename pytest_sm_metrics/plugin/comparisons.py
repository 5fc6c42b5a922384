"""Comparisons: the explanation of a failed `in` or `==` with the objects of a mock."""

from __future__ import annotations

from ..mock import SageMakerMetricsMock
from ..reading.recorded import MetricSeries, TrialComponent
from ..reading.why_absent import why_no_metric, why_no_trial_component
from ..wording import counted


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
            return [f"first difference at index {index}:", f"  {one!r}", f"  {another!r}"]
    return [f"{counted(len(series), 'metric')} in {series!r}, {len(others)} in the other"]
