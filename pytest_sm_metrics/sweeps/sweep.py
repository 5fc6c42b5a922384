"""A sweep: a function that logs is run with each failure at each of its calls."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..accepted import check, is_whole
from ..activation.activation import activate, deactivate
from ..aws.active import active
from ..current_test import current_test
from ..mock import SageMakerMetricsMock
from ..service.faults.fault import Fault
from ..settings import check_settings
from .failure_modes import every_fault
from .schedules import random_schedules, shortest
from .table import Cell, message, table

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..settings_keywords import SettingsKeywords

Stored = Counter[tuple[str, str, str, "int | None", float]]
"""The metrics of a mock: region, trial component, MetricName, Step and Value."""


@dataclass(frozen=True)
class Case:
    """One run of the function with failures."""

    faults: tuple[tuple[str, int], ...]
    """The failures: the name of each, and the number of matches that passed first."""
    outcome: str
    """`ok`, `lost`, `doubled`, `lost and doubled`, `raised`, or `different`: the metrics are those
    of a run without failures, and the invariant does not hold all the same."""
    lost: tuple[str, ...] = ()
    """The metrics that are stored without failures, and not in this run."""
    doubled: tuple[str, ...] = ()
    """The metrics that are stored more often than without failures."""
    error: BaseException | None = field(default=None, compare=False)
    """The exception that the function, or the invariant, raised."""


class Sweep:
    """The result of `sweep`: the cases, and a table of them.

    It is true if every case is ok, or raised an exception that may be raised.
    """

    def __init__(self, function: str, attempts: int, cases: list[Case], expected: Any) -> None:
        self._function = function
        self._may_raise = expected
        self.attempts = attempts
        """The number of attempts that the function makes without failures."""
        self.cases = cases
        """The cases in which a failure happened: by failure, then by position; then the random
        schedules."""

    @property
    def failing(self) -> list[Case]:
        """The cases that are not ok, the shortest first."""
        failing = [case for case in self.cases if not self._is_accepted(case)]
        return sorted(failing, key=lambda case: (len(case.faults), sum(n for _, n in case.faults)))

    def _is_accepted(self, case: Case) -> bool:
        if case.outcome == "raised":
            return isinstance(case.error, self._may_raise)
        return case.outcome == "ok"

    @property
    def table(self) -> str:
        """The table: a row for each failure, a column for each attempt."""
        cells = [
            Cell(*case.faults[0], case.outcome) for case in self.cases if len(case.faults) == 1
        ]
        return table(cells)

    def check(self) -> None:
        """Raise an AssertionError with the table and the shortest failing case as a test."""
        __tracebackhide__ = True
        failing = self.failing
        if failing:
            raise AssertionError(message(self._function, self.table, failing, len(self.cases)))

    def __bool__(self) -> bool:
        return not self.failing

    def __repr__(self) -> str:
        found = Counter(case.outcome for case in self.cases)
        counts = ", ".join(f"{number} {outcome}" for outcome, number in found.items())
        return f"<Sweep of {self._function}: {counts or 'no failure happened'}>\n{self.table}"


def sweep(
    function: Callable[[], object],
    invariant: Callable[[SageMakerMetricsMock], object] | None = None,
    *,
    only: str | Iterable[str] | None = None,
    without: str | Iterable[str] = (),
    times: int | None = 1,
    transient: bool = True,
    may_raise: type[Exception] | tuple[type[Exception], ...] = (),
    schedules: int = 0,
    **settings: Unpack[SettingsKeywords],
) -> Sweep:
    """Run a function with each failure of the service at each of its calls.

        def test_nothing_is_lost():
            sweep(lambda: upload(curve), may_raise=UploadError).check()

    The function runs once without failures, to count its attempts; then once for each failure at
    each attempt. Each run has a mock that starts empty. A coroutine function is run with
    `asyncio.run`.

    The outcome of a run:

    - `ok`: the metrics that are stored are those of the run without failures, and the invariant
      holds;
    - `lost`, `doubled`: metrics are missing, or stored more often. The timestamps do not count;
    - `raised`: the function raised an exception, whatever is stored;
    - `different`: the metrics are the same, and the invariant does not hold.

    The arguments:

    - `invariant`: gets the mock of each run. It holds if it returns something true, or None; an
      AssertionError or a LookupError means that it does not.
    - `only`, `without`, `times`, `transient`: see `every_fault`.
    - `may_raise`: the exceptions by which the function reports a loss. Others fail the check.
    - `schedules`: the number of further runs, each with two to four failures at random attempts,
      which depend on the setting `seed`. The first that fails is shortened.
    - Further keywords are the settings of each mock.

    Raises an AssertionError if the function makes no call, or the invariant does not hold without
    failures; what the function raises without failures; before the function runs, a ValueError for
    an argument that is not accepted.
    """
    __tracebackhide__ = True
    check("function", function, callable(function), "a function that takes no argument")
    check("invariant", invariant, invariant is None or callable(invariant), "None, or a function")
    check(
        "may_raise", may_raise, _are_exceptions(may_raise), "an exception type, or a tuple of them"
    )
    check("schedules", schedules, is_whole(schedules, 0), "a whole number from 0")
    check_settings(settings)
    modes = every_fault(only=only, without=without, times=times, transient=transient)
    chosen = [mode.name for mode in modes]
    run = _Runs(function, invariant, settings)
    attempts = run.without_failures()
    faults = every_fault(only=chosen, times=times, after=range(attempts))
    found = [run.with_failures([fault]) for fault in faults]
    names = list(dict.fromkeys(case.faults[0][0] for case in found if case))
    result = Sweep(run.name, attempts, [case for case in found if case], may_raise)

    def with_schedule(schedule: Iterable[tuple[str, int]]) -> Case | None:
        each = [every_fault(only=one, times=times, after=[at]) for one, at in schedule]
        return run.with_failures([fault for [fault] in each])

    def fails(schedule: Iterable[tuple[str, int]]) -> bool:
        case = with_schedule(schedule)
        return case is not None and not result._is_accepted(case)

    seed = settings.get("seed", 0)
    for schedule in random_schedules(names, attempts, schedules, seed):
        case = with_schedule(schedule)
        if case and not result._is_accepted(case):
            case = with_schedule(shortest(schedule, fails))
        result.cases += [case] if case else []
        if case and not result._is_accepted(case):
            break
    return result


def _are_exceptions(value: object) -> bool:
    types = value if isinstance(value, tuple) else (value,)
    return all(isinstance(one, type) and issubclass(one, Exception) for one in types)


class _Runs:
    """The runs of one function."""

    def __init__(
        self,
        function: Callable[[], object],
        invariant: Callable[[SageMakerMetricsMock], object] | None,
        settings: Any,
    ) -> None:
        self._function = function
        self._invariant = invariant
        self._settings = dict(settings)
        self._faults = list(self._settings.pop("faults", ()))
        self._stored: Stored = Counter()
        name = getattr(function, "__name__", "<lambda>")
        self.name = "the function" if name == "<lambda>" else f"{name}()"

    def without_failures(self) -> int:
        """Run the function without failures; return the number of its attempts."""
        __tracebackhide__ = True
        mock, error = self._run([])
        if error:
            raise error
        if not mock.calls:
            raise AssertionError(f"{self.name} made no call of SageMaker Metrics")
        holds, why = self._holds(mock)
        if not holds:
            raise AssertionError("the invariant does not hold without failures") from why
        self._stored = _stored(mock)
        return len(mock.calls)

    def with_failures(self, faults: list[Fault]) -> Case | None:
        """Run the function with failures; return the case, or None if one of them never fired."""
        mock, error = self._run(faults)
        added = mock._service.injection.added[len(self._faults) :]
        if not all(fault.has_fired for fault in added):
            return None
        named = tuple((one.name.rpartition("-after-")[0], one.after) for one in faults)
        stored = _stored(mock)
        lost = tuple(map(_described, (self._stored - stored).elements()))
        doubled = tuple(map(_described, (stored - self._stored).elements()))
        if error:
            return Case(named, "raised", lost, doubled, error)
        outcome = " and ".join(["lost"] * bool(lost) + ["doubled"] * bool(doubled))
        holds, why = self._holds(mock)
        return Case(named, outcome or ("ok" if holds else "different"), lost, doubled, why)

    def _run(self, faults: list[Fault]) -> tuple[SageMakerMetricsMock, Exception | None]:
        given = {**self._settings, "faults": [*self._faults, *faults]}
        record = activate(given, current_test.name or "", lambda name, value: f"{name}={value!r}")
        error = None
        try:
            if inspect.iscoroutinefunction(self._function):
                asyncio.run(self._function())
            else:
                self._function()
        except Exception as raised:
            error = raised
        finally:
            deactivate(record)
            if record in active.ended_unjudged:  # a report of so many runs would be too long
                active.ended_unjudged.remove(record)
        mock: SageMakerMetricsMock = record.mock
        return mock, error

    def _holds(self, mock: SageMakerMetricsMock) -> tuple[bool, BaseException | None]:
        if self._invariant is None:
            return True, None
        try:
            result = self._invariant(mock)
        except (AssertionError, LookupError) as error:
            return False, error
        return result is None or bool(result), None


def _stored(mock: SageMakerMetricsMock) -> Stored:
    return Counter(
        (component.region, component.name, metric.metric_name, metric.step, metric.value)
        for component in mock.trial_components
        for metric in component.metrics
    )


def _described(metric: tuple[str, str, str, int | None, float]) -> str:
    region, trial_component, name, step, value = metric
    at = "" if step is None else f" at step {step}"
    return f"{name}={value:g}{at} of {trial_component!r} in {region}"
