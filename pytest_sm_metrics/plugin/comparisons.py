"""What pytest shows below a failed `in` or `==`, where a mock's own objects are compared."""

from __future__ import annotations

from ..mock import SageMakerMetricsMock
from ..reading.recorded import MetricSeries, TrialComponent
from ..reading.why_absent import why_no_metric, why_no_trial_component
from ..wording import counted


def explain_comparison(op: str, left: object, right: object) -> list[str] | None:
    """The lines of the explanation, the comparison first; None where pytest's own says enough."""
    if op == "in" and isinstance(right, MetricSeries):
        return [f"{left!r} in {right!r}", "a series holds metrics: look for numbers in its .values"]
    if op == "in" and isinstance(
        left, str
    ):  # pytest also asks of one that holds, as in `assert "run-1" in sm_metrics and ...`
        if isinstance(right, SageMakerMetricsMock) and left not in right:
            return [
                f"{left!r} in {right!r}",
                *why_no_trial_component(right._service, left, None).splitlines(),
            ]
        if isinstance(right, TrialComponent) and left not in right:
            return [
                f"{left!r} in {right!r}",
                *why_no_metric(right._service, right._stored, left).splitlines(),
            ]
    if op == "==":
        for series, other in ((left, right), (right, left)):
            if isinstance(series, MetricSeries):
                return [f"{left!r} == {right!r}", *_explain_series(series, other)]
    return None


def _explain_series(series: MetricSeries, other: object) -> list[str]:
    if not isinstance(other, (MetricSeries, list, tuple)):
        return [
            f"a series of metrics is compared with {type(other).__name__}: compare one of its .values, .last, .min, ..."
        ]
    others = list(other)
    if others and all(isinstance(item, (int, float)) for item in others):
        return ["a series holds metrics: compare its .values with numbers"]
    for index, (one, another) in enumerate(zip(series, others, strict=False)):
        if one != another:
            return [f"first difference at index {index}:", f"  {one!r}", f"  {another!r}"]
    return [f"{counted(len(series), 'metric')} in {series!r}, {len(others)} in the other"]
