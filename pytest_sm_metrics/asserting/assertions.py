"""The assertion helpers: the checks, and the messages of those that fail.

A check returns None if all is well, otherwise a message: the expected and the recorded values,
and the nearest ones that did arrive.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import real_clock
from ..reading.recorded import MetricSeries, RejectedMetric
from ..reading.why_absent import rejections, what_arrived, why_no_metric, why_no_trial_component
from ..service.journal import Call
from ..service.operations import BY_NAME
from ..service.service import Service
from ..wording import closest, counted, did_you_mean, joined, listed

_POLL = 0.05  # seconds; a predicate may look at more than what arrives here
_SHOWN = 10  # calls, metrics or values that a message shows


class Anything(enum.Enum):
    """The value of an expectation that is left out."""

    ANYTHING = enum.auto()


ANYTHING = Anything.ANYTHING


@dataclass(frozen=True)
class Expected:
    """The expectations of `assert_logged`; `ANYTHING` for those that are left out."""

    value: Any
    step: Any
    values: Any
    steps: Any
    last: Any
    count: Any


def wait_until(service: Service, passes: Callable[[], bool], timeout: float) -> bool:
    """Call `passes` after each attempt that arrives, until it returns True.

    Return False after `timeout` seconds of real time. No lock is held during a call.
    """
    deadline = real_clock() + timeout
    while True:
        arrived = len(service.calls)
        if passes():
            return True
        remaining = deadline - real_clock()
        if remaining <= 0:
            return False
        service.wait_for_arrival(arrived, min(remaining, _POLL))


def verify(
    service: Service,
    check: Callable[[], str | None],
    timeout: float | None,
    passes: Callable[[], bool] | None = None,
) -> None:
    """Raise an AssertionError if a check fails, or still fails when the time is up.

    `timeout` is in seconds of real time; None: check once. `passes` answers the same question as
    `check`, if `check` is slow because of its message.
    """
    __tracebackhide__ = True
    if timeout is not None and wait_until(service, passes or (lambda: check() is None), timeout):
        return
    message = check()
    if message is not None:
        raise AssertionError(
            message if timeout is None else f"after {timeout:g} seconds: {message}"
        )


def check_logged(
    service: Service,
    trial_component: str,
    metric_name: str,
    region: str | None,
    expected: Expected,
) -> str | None:
    """Check that a metric was logged as expected, in the given region or in any."""
    named = [component for component in service.components() if component.name == trial_component]
    components = [one for one in named if one.count and region in (None, one.region)]
    if not components:
        return why_no_trial_component(service, trial_component, region)
    failures: list[str] = []
    for component in components:
        columns = service.series(component).get(metric_name)
        if columns is None:
            failures.append(why_no_metric(service, component, metric_name))
            continue
        differences = list(_differences(MetricSeries(metric_name, columns), expected))
        if not differences:
            return None
        head = (
            f"metric {metric_name!r} of trial component {trial_component!r} in "
            f"{component.region} is not as expected"
        )
        failures.append(
            joined(head, [*differences, *rejections(service, trial_component, metric_name)])
        )
    return "\n".join(failures)


def _differences(series: MetricSeries, expected: Expected) -> Iterator[str]:
    yield from _differing_lists("values", series.values, expected.values, series)
    yield from _differing_lists("steps", series.steps, expected.steps, series)
    if expected.last is not ANYTHING:
        yield from _differing("last", series.last, expected.last)
    yield from _differing("count", len(series), expected.count)
    yield from _no_such_point(series, expected.value, expected.step)


def check_not_logged(
    service: Service, trial_component: str, metric_name: str, region: str | None
) -> str | None:
    """Check that a metric was not logged, neither in the given region nor in any."""
    for component in service.components():
        if component.name != trial_component or region not in (None, component.region):
            continue
        columns = service.series(component).get(metric_name)
        if columns is None:
            continue
        series = MetricSeries(metric_name, columns)
        where = f"trial component {trial_component!r} in {component.region}"
        values = f"{counted(len(series), 'value')}: {_shortened(series.values)}"
        steps = f"steps: {_shortened(series.steps)}"
        return joined(f"metric {metric_name!r} of {where} was logged", [values, steps])
    return None


def check_called(
    service: Service,
    operation: str | None,
    trial_component: str | None,
    region: str | None,
    times: int | None,
) -> str | None:
    """Check that calls were attempted as often as expected; `times=None`: at least once."""
    calls = list(service.calls)
    matching = [
        call
        for call in calls
        if operation in (None, call.operation)
        and trial_component in (None, *call.trial_components)
        and region in (None, call.region)
    ]
    is_known = operation in (None, *BY_NAME)
    as_often = bool(matching) if times is None else len(matching) == times
    if is_known and as_often:
        return None
    asked = {"operation": operation, "trial_component": trial_component, "region": region}
    filters = [f"{name}={wanted!r}" for name, wanted in asked.items() if wanted is not None]
    which = ", ".join(filters) or "any"
    expected = "at least one call" if times is None else counted(times, "call")
    head = f"expected {expected} ({which}), but {counted(len(matching), 'attempt')} arrived"
    details = list(_nearest_calls(calls, matching, trial_component))
    if not is_known:
        details.insert(0, f"unknown operation {operation!r}{did_you_mean(str(operation), BY_NAME)}")
    return joined(head, details)


def check_no_rejected_metrics(rejected: list[RejectedMetric]) -> str | None:
    """Check that there is no rejected metric."""
    if not rejected:
        return None
    shown = [f"{one!r}, MetricIndex {one.index}" for one in rejected[:_SHOWN]]
    more = [f"and {len(rejected) - _SHOWN} more"] if len(rejected) > _SHOWN else []
    verb = "was" if len(rejected) == 1 else "were"
    return joined(f"{counted(len(rejected), 'metric')} {verb} rejected", shown + more)


def why_not_true(service: Service, timeout: float, result: object, error: Exception | None) -> str:
    """Return the message for a predicate that did not become true in time."""
    details = [f"the predicate raised: {error}"] if error else []
    if result is None:
        details.append(
            "the predicate returned None, which is not true: a lambda returns its value, and a "
            "function with assert statements ends with `return True`"
        )
    details += what_arrived(service)
    return joined(f"the predicate was not true within {timeout:g} seconds", details)


def _nearest_calls(
    calls: list[Call], matching: list[Call], trial_component: str | None
) -> Iterator[str]:
    if not calls:
        yield "no SageMaker Metrics call has reached the mock"
        return
    arrived = [name for call in calls for name in call.trial_components if name]
    if trial_component is not None and trial_component not in arrived and not matching:
        near = closest(trial_component, arrived)
        if near:
            yield f"closest to {trial_component!r}: {listed(near)}"
    shown = Counter(repr(call) for call in matching or calls)
    yield f"{'attempts that match' if matching else 'attempts that arrived'}:"
    yield from (f"{call} {counted(times, 'time')}" for call, times in list(shown.items())[:_SHOWN])
    if len(shown) > _SHOWN:
        yield f"and {len(shown) - _SHOWN} other kinds"


def _differing(what: str, arrived: Any, expected: Any) -> Iterator[str]:
    if expected is not ANYTHING and arrived != expected:
        yield f"{what}: expected {expected!r}, arrived {arrived!r}"


def _differing_lists(
    what: str, arrived: list[Any], expected: Any, series: MetricSeries
) -> Iterator[str]:
    if expected is ANYTHING or arrived == expected:
        return
    expected = _items(expected)
    if not isinstance(expected, list):
        yield f"{what}: expected {expected!r}, arrived {_shortened(arrived)}"
        return
    if len(arrived) != len(expected):
        yield f"{what}: {len(expected)} expected, {len(arrived)} arrived"
    shorter = min(len(arrived), len(expected))
    differing = [index for index in range(shorter) if arrived[index] != expected[index]]
    around = differing[0] if differing else shorter
    if differing:
        at = f" (step {series.steps[around]})" if what == "values" else ""
        differs = f"expected {expected[around]!r}, arrived {arrived[around]!r}"
        yield f"{what}: first difference at index {around}{at}: {differs}"
        if len(differing) > 1:
            yield f"{what}: {len(differing)} of {shorter} differ"
    elif len(arrived) > len(expected):
        yield f"{what}: the first one too many, at index {around}: {arrived[around]!r}"
    else:
        yield f"{what}: the first one missing, at index {around}: {expected[around]!r}"
    yield f"expected {what}: {_shortened(expected, around)}"
    yield f"arrived {what}:  {_shortened(arrived, around)}"


def _items(expected: Any) -> Any:
    """Return the items of a `pytest.approx` of a series, each an approx; other values as they are.

    Its private names may be missing in another version of pytest: then it stays as it is.
    """
    items = getattr(expected, "expected", None)
    approximate = getattr(expected, "_approx_scalar", None)
    if approximate is None or isinstance(items, Mapping) or not isinstance(items, Iterable):
        return expected
    return [approximate(item) for item in items]


def as_list(name: str, expected: Any) -> Any:
    """Return a list of the items of a tuple, range, iterator, array or tensor.

    An expectation that is left out, and a `pytest.approx`, stay as they are. Raise a TypeError for
    what has no order.
    """
    if isinstance(expected, (str, set, frozenset, dict)):
        raise TypeError(
            f"{name} is a {type(expected).__name__}, {expected!r}; accepted is what has an order: "
            "a list, a tuple, an array, ..."
        )
    if hasattr(expected, "tolist"):
        return expected.tolist()
    is_pytests = type(expected).__module__.startswith("_pytest.")
    return list(expected) if isinstance(expected, Iterable) and not is_pytests else expected


def _no_such_point(series: MetricSeries, value: Any, step: Any) -> Iterator[str]:
    if value is ANYTHING and step is ANYTHING:
        return
    same_step = [one for one in series if step is ANYTHING or one.step == step]
    same_value = [one for one in series if value is ANYTHING or one.value == value]
    if any(value is ANYTHING or one.value == value for one in same_step):
        return
    if isinstance(value, (list, tuple)):
        yield "value is that of one point; a whole series is asked for with values="
    asked = {"value": value, "step": step}
    wanted = [f"{name} {one!r}" for name, one in asked.items() if one is not ANYTHING]
    yield f"no metric with {' and '.join(wanted)} among {len(series)}"
    if step is not ANYTHING and same_step:
        yield f"at step {step!r} arrived: {_shortened([one.value for one in same_step])}"
    if value is not ANYTHING and same_value:
        yield f"value {value!r} arrived at step {_shortened([one.step for one in same_value])}"
    if step is not ANYTHING and not same_step:
        yield f"steps that arrived: {_shortened(series.steps)}"
    elif not same_value:
        yield f"values that arrived: {_shortened(series.values)}"


def _shortened(items: list[Any], around: int = 0) -> str:
    """Return a list as text: the items around an index, with ... for the others."""
    start = max(0, min(around - _SHOWN // 2, len(items) - _SHOWN))
    shown = [repr(item) for item in items[start : start + _SHOWN]]
    before, after = ["..."] * (start > 0), ["..."] * (start + _SHOWN < len(items))
    return f"[{', '.join([*before, *shown, *after])}]"
