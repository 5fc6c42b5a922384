"""The assertion helpers: what was expected, what arrived, and the nearest thing that did.

A check returns None where all is well, otherwise the message of the failure.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
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
    """What an expectation is when it is left out."""

    ANYTHING = enum.auto()


ANYTHING = Anything.ANYTHING


def until(service: Service, passes: Callable[[], bool], timeout: float) -> bool:
    """Ask again after each attempt that arrives, until it passes or the time, which is real time, is up. Holds no lock while asking."""
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
    """Raise AssertionError with the message of a check that still fails when the time is up.

    `passes`: the same question, for where the message takes long to make.
    """
    __tracebackhide__ = True
    if timeout is not None and until(service, passes or (lambda: check() is None), timeout):
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
    *,
    value: Any,
    step: Any,
    values: Any,
    steps: Any,
    last: Any,
    count: Any,
) -> str | None:
    """Whether a metric was logged as expected, in one of the regions asked for."""
    components = [
        component
        for component in service.components()
        if component.name == trial_component
        and component.count
        and region in (None, component.region)
    ]
    if not components:
        return why_no_trial_component(service, trial_component, region)
    failures: list[str] = []
    for component in components:
        columns = service.series(component).get(metric_name)
        if columns is None:
            failures.append(why_no_metric(service, component, metric_name))
            continue
        series = MetricSeries(metric_name, columns)
        differences = [
            *_differing_lists("values", series.values, values, series),
            *_differing_lists("steps", series.steps, steps, series),
            *_differing("last", ANYTHING if last is ANYTHING else series.last, last),
            *_differing("count", len(series), count),
            *_no_such_point(series, value, step),
        ]
        if not differences:
            return None
        head = f"metric {metric_name!r} of trial component {trial_component!r} in {component.region} is not as expected"
        failures.append(
            joined(head, [*differences, *rejections(service, trial_component, metric_name)])
        )
    return "\n".join(failures)


def check_not_logged(
    service: Service, trial_component: str, metric_name: str, region: str | None
) -> str | None:
    """Whether a metric was not logged, in any of the regions asked for."""
    for component in service.components():
        columns = service.series(component).get(metric_name)
        if (
            component.name == trial_component
            and columns is not None
            and region in (None, component.region)
        ):
            series = MetricSeries(metric_name, columns)
            head = f"metric {metric_name!r} of trial component {trial_component!r} in {component.region} was logged"
            return joined(
                head,
                [
                    f"{counted(len(series), 'value')}: {_shortened(series.values)}",
                    f"steps: {_shortened(series.steps)}",
                ],
            )
    return None


def check_called(
    service: Service,
    operation: str | None,
    trial_component: str | None,
    region: str | None,
    times: int | None,
) -> str | None:
    """Whether calls were attempted as often as expected; None: at least once."""
    calls = list(service.calls)
    matching = [
        call
        for call in calls
        if operation in (None, call.operation)
        and trial_component in (None, *call.trial_components)
        and region in (None, call.region)
    ]
    known = [None, *BY_NAME]
    if operation in known and (matching if times is None else len(matching) == times):
        return None
    asked = {"operation": operation, "trial_component": trial_component, "region": region}
    filters = (
        ", ".join(f"{name}={wanted!r}" for name, wanted in asked.items() if wanted is not None)
        or "any"
    )
    expected = "at least one call" if times is None else counted(times, "call")
    head = f"expected {expected} ({filters}), but {counted(len(matching), 'attempt')} arrived"
    unknown = (
        []
        if operation in known
        else [f"unknown operation {operation!r}{did_you_mean(str(operation), BY_NAME)}"]
    )
    return joined(head, [*unknown, *_nearest_calls(calls, matching, trial_component)])


def check_no_rejected_metrics(rejected: list[RejectedMetric]) -> str | None:
    """Whether no metric was rejected."""
    if not rejected:
        return None
    shown = [f"{one!r}, MetricIndex {one.index}" for one in rejected[:_SHOWN]]
    more = [f"and {len(rejected) - _SHOWN} more"] if len(rejected) > _SHOWN else []
    return joined(
        f"{counted(len(rejected), 'metric')} {'was' if len(rejected) == 1 else 'were'} rejected",
        shown + more,
    )


def check_waited(service: Service, timeout: float, error: LookupError | None) -> str:
    """The message where a predicate did not come true."""
    raised = [f"the predicate raised: {error}"] if error else []
    return joined(
        f"the predicate was not true within {timeout:g} seconds", [*raised, *what_arrived(service)]
    )


def _nearest_calls(
    calls: list[Call], matching: list[Call], trial_component: str | None
) -> Iterator[str]:
    if not calls:
        yield "no SageMaker Metrics call has reached the mock"
        return
    if not matching:
        arrived = [name for call in calls for name in call.trial_components if name]
        near = (
            closest(trial_component, arrived)
            if trial_component is not None and trial_component not in arrived
            else []
        )
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
    if not isinstance(expected, list):
        yield f"{what}: expected {expected!r}, arrived {_shortened(arrived)}"
        return
    if len(arrived) != len(expected):
        yield f"{what}: {len(expected)} expected, {len(arrived)} arrived"
    first = next(
        (
            index
            for index, pair in enumerate(zip(arrived, expected, strict=False))
            if pair[0] != pair[1]
        ),
        None,
    )
    if first is not None:
        at = f" (step {series.steps[first]})" if what == "values" else ""
        yield f"{what}: first difference at index {first}{at}: expected {expected[first]!r}, arrived {arrived[first]!r}"
        different = sum(one != other for one, other in zip(arrived, expected, strict=False))
        if different > 1:
            yield f"{what}: {different} of {min(len(arrived), len(expected))} differ"
    elif len(arrived) > len(expected):
        yield f"{what}: the first one too many, at index {len(expected)}: {arrived[len(expected)]!r}"
    else:
        yield f"{what}: the first one missing, at index {len(arrived)}: {expected[len(arrived)]!r}"
    around = first if first is not None else min(len(arrived), len(expected))
    yield f"expected {what}: {_shortened(expected, around)}"
    yield f"arrived {what}:  {_shortened(arrived, around)}"


def as_list(name: str, expected: Any) -> Any:
    """Tuples, ranges, iterators, arrays and tensors as the list they stand for; left out or a `pytest.approx`: as it is."""
    if isinstance(expected, (str, set, frozenset, dict)):
        raise TypeError(
            f"{name} is a {type(expected).__name__}, {expected!r}; accepted is what has an order: a list, a tuple, an array, ..."
        )
    if hasattr(expected, "tolist"):
        return expected.tolist()
    is_comparison = not isinstance(expected, Iterable) or type(expected).__module__.startswith(
        "_pytest."
    )
    return expected if is_comparison else list(expected)


def _no_such_point(series: MetricSeries, value: Any, step: Any) -> Iterator[str]:
    if value is ANYTHING and step is ANYTHING:
        return
    points = list(series)
    fitting = [
        (value is ANYTHING or point.value == value, step is ANYTHING or point.step == step)
        for point in points
    ]
    if (True, True) in fitting:
        return
    wanted = [f"value {value!r}"] * (value is not ANYTHING) + [f"step {step!r}"] * (
        step is not ANYTHING
    )
    if isinstance(value, (list, tuple)):
        yield "value is that of one point; a whole series is asked for with values="
    yield f"no metric with {' and '.join(wanted)} among {len(points)}"
    same_step = [
        point.value for point, (_, step_fits) in zip(points, fitting, strict=True) if step_fits
    ]
    same_value = [
        point.step for point, (value_fits, _) in zip(points, fitting, strict=True) if value_fits
    ]
    if step is not ANYTHING and same_step:
        yield f"at step {step!r} arrived: {_shortened(same_step)}"
    if value is not ANYTHING and same_value:
        yield f"value {value!r} arrived at step {_shortened(same_value)}"
    if step is not ANYTHING and not same_step:
        yield f"steps that arrived: {_shortened(series.steps)}"
    elif not same_value:
        yield f"values that arrived: {_shortened(series.values)}"


def _shortened(items: list[Any], around: int = 0) -> str:
    """A list for a message: the items around an index."""
    start = max(0, min(around - _SHOWN // 2, len(items) - _SHOWN))
    shown = [repr(item) for item in items[start : start + _SHOWN]]
    before, after = ["..."] * (start > 0), ["..."] * (start + _SHOWN < len(items))
    return f"[{', '.join([*before, *shown, *after])}]"
