"""The base of all faults: its filters, its stage and its schedule."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from ...accepted import check, is_number, is_whole
from ...wording import printable, safe_repr
from .filters import Condition, PredicateError, conditions_of

_SHOWN = 60  # bytes of a raw answer
_NAMES = 5  # of trial components in a message

AnyFault = TypeVar("AnyFault", bound="Fault")


class Attempt(NamedTuple):
    """The values that the filters of a fault match. Of several values, one match is enough."""

    operation: tuple[str | None]
    trial_component: tuple[str | None, ...]
    region: tuple[str]
    item: str | None
    """The noun for an item of the operation's requests."""
    columns: Mapping[str, Sequence[object]] | None
    """The values of the items, by the name of the filter; None for a malformed request."""


class Stage(enum.Enum):
    """The stage of a request's way through the service at which a fault acts."""

    HOLD = enum.auto()
    """The request has arrived. A fault of this stage has `hold`."""
    DELAY = enum.auto()
    """The request is about to be performed. A fault of this stage has `seconds`."""
    CALL = enum.auto()
    """The request as a whole fails. A fault of this stage has `outcome` and `stored`."""
    ITEM = enum.auto()
    """Single metrics or queries fail. A fault of this stage has `indexes`."""


class Schedule(NamedTuple):
    """The number of times that a fault fires, and the matches that it lets pass."""

    times: int | None = None
    """The number of hits; None for every match."""
    after: int = 0
    """The number of matches that pass first."""
    probability: float = 1.0
    optional: bool = False
    """True if it may stay unused."""


class Force:
    """The faults that are in force at a mock."""

    def __init__(
        self,
        count_calls: Callable[[], int],
        why_copy: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.faults: list[Fault] = []
        self.count_calls = count_calls
        """Returns the number of calls in the journal."""
        self.why_copy = why_copy
        """Returns the reason why the mock is a copy in a forked child; None if it is none."""


class Fault:
    """A failure on demand. `fail_metrics`, `fail_calls`, `fail_queries`, `delay_calls` make one.

    It is in force once a mock has it. As a context manager, it is removed on exit.
    """

    kind = ""
    """The name of the function that makes it."""
    noun = "call"
    """The noun for the thing that fails: `call`, or the item of an operation's requests."""
    stage: Stage
    """The stage at which it acts."""
    item_filters: frozenset[str] = frozenset()
    """The filters that match single items of a request, not the call."""

    def __init__(
        self, effect: object, filters: Mapping[str, Any], schedule: Schedule, **options: Any
    ) -> None:
        __tracebackhide__ = True
        _check_schedule(schedule)
        self.effect = effect
        """The error, code, Status or duration; None for a kind that has only one effect."""
        self.filters = filters
        self.schedule = schedule
        self.options = options
        self.times, self.after, self.probability, self.optional = schedule
        self._conditions = conditions_of(filters)
        self.item_conditions = [one for one in self._conditions if one.name in self.item_filters]
        self._call_conditions = [
            _on_attempt(one) for one in self._conditions if one.name not in self.item_filters
        ]
        self._matches = self._hits = 0
        self.has_fired = False
        """True if it fired, also in an example of Hypothesis that was undone."""
        self.has_raised = False
        """True if a predicate of its filters raised an exception, and the call did nothing."""
        self.overtaken = 0
        """The number of times that a fault added earlier fired in its place."""
        self.since = 0
        """The number of calls in the journal when it came into force."""
        self.until: int | None = None
        """The number of calls in the journal when it was removed; None while it is in force."""
        self.name = ""
        """Its name among all failures, if `every_fault` has made it."""
        self._force: Force | None = None
        self._is_template = True

    @property
    def hits(self) -> int:
        """The number of times it fired. A template never fires: it raises a RuntimeError."""
        self._refuse_of_template("hits")
        self._require_original()
        return self._hits

    @property
    def matches(self) -> int:
        """The number of calls, metrics or queries that reached it and passed its filters."""
        self._refuse_of_template("matches")
        self._require_original()
        return self._matches

    def _refuse_of_template(self, name: str) -> None:
        if self._is_template:
            raise RuntimeError(
                f"{self!r} is a template, and has no {name}: each mock makes a fault of it, "
                "which is in sm_metrics.faults."
            )

    def filter(self, name: str) -> Any:
        """Return the filter of this name; None for any."""
        return self.filters.get(name)

    def fresh(self: AnyFault) -> AnyFault:
        """Return a new fault that is made in the same way."""
        fresh = type(self)(self.effect, self.filters, self.schedule, **self.options)
        return fresh.named(self.name) if self.name else fresh

    def named(self: AnyFault, name: str) -> AnyFault:
        """Name the fault, and return it. pytest shows the name in the id of a parametrized test."""
        self.name = self.__name__ = name
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        counts = (self._matches, self._hits, self.has_fired)
        made_of = (self.effect, self.filters, self.schedule, self.options)
        return _with_counts, (type(self), made_of, counts)

    def put_in_force(self, force: Force) -> None:
        """Add it to those in force; raise a TypeError if it declares no stage."""
        stage: object = getattr(self, "stage", None)
        if not isinstance(stage, Stage):
            stages = ", ".join(str(one) for one in Stage)
            raise TypeError(f"{self!r} declares the stage {stage!r}; the stages are: {stages}.")
        self._force, self._is_template = force, False
        self.since = force.count_calls()
        force.faults.append(self)

    @property
    def is_in_force(self) -> bool:
        """True if a mock has it, and it was not removed."""
        return self._force is not None and self in self._force.faults

    def remove(self) -> None:
        """Take the fault out of force. If it never fired, it still counts as unused."""
        self._require_a_mock()
        self._require_original()
        self.end()

    def end(self) -> None:
        """Take the fault out of force; do nothing in a forked child that has a copy of it only."""
        if not self._is_copy:
            self._take_out()

    def _take_out(self) -> None:
        if self._force and self in self._force.faults:
            self.until = self._force.count_calls()
            self._force.faults.remove(self)

    @property
    def _is_copy(self) -> bool:
        return self._force is not None and self._force.why_copy() is not None

    def _require_original(self) -> None:
        """Raise a RuntimeError in a forked child that has a copy of the fault only."""
        __tracebackhide__ = True
        why = self._force.why_copy() if self._force else None
        if why:
            raise RuntimeError(why)

    def _require_a_mock(self) -> None:
        if self._force is None:
            raise RuntimeError(
                f"{self!r} is a template, in force nowhere: make it with "
                f"sm_metrics.{self.kind}(...), or add it to faults=[...]."
            )

    def __enter__(self: AnyFault) -> AnyFault:
        self._require_a_mock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def sees(self, attempt: Attempt) -> bool:
        """Return True if an attempt passes the filters that match calls."""
        for position, is_literal, wanted in self._call_conditions:
            values: Any = attempt[position]
            if wanted not in values if is_literal else not any(map(wanted, values)):
                return False
        return True

    def claim(self, draw: Callable[[], float], may_fire: bool = True) -> bool:
        """Count a match. Return True if the fault fires."""
        self._matches += 1
        if self._matches <= self.after or (self.times is not None and self._hits >= self.times):
            return False
        if not may_fire:
            self.overtaken += 1
            return False
        if self.probability < 1 and draw() >= self.probability:
            return False
        self._hits += 1
        self.has_fired = True
        return True

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present counts."""
        counts = self._matches, self._hits, self.overtaken, self.until

        def restore() -> None:
            self._matches, self._hits, self.overtaken, self.until = counts

        return restore

    def unmet(self, attempt: Attempt, index: int | None = None) -> list[tuple[str, str]]:
        """Return the filters that an attempt, or one item of it, fails, and its values there."""
        found: list[tuple[str, str]] = []
        for condition in self._conditions:
            name = condition.name
            values: tuple[object, ...]
            if name not in self.item_filters:
                values = getattr(attempt, name)
            elif index is not None and attempt.columns:
                values = (attempt.columns[name][index],)
            else:
                continue
            found += [(name, why) for why in _misses(condition, values)]
        return found

    def __repr__(self) -> str:
        shown = [] if self.effect is None else [_shown(self.effect)]
        for name, value in {**self.filters, **self.options}.items():
            if value is not None and value is not False:
                shown.append(f"{name}={_shown(value)}")
        for name, value in self.schedule._asdict().items():
            if value != Schedule._field_defaults[name]:
                shown.append(f"{name}={value}")
        return f"{self.kind}({', '.join(shown)})"


def _on_attempt(condition: Condition) -> tuple[int, bool, Any]:
    """Return the field of an attempt that a filter matches, and the filter in its fastest form."""
    is_literal = condition.is_literal
    wanted = condition.wanted if is_literal else condition.holds
    return Attempt._fields.index(condition.name), is_literal, wanted


def _with_counts(
    kind: type[AnyFault], made_of: tuple[Any, ...], counts: tuple[int, int, bool]
) -> AnyFault:
    """Return a copy of a fault for another process. No mock has it."""
    effect, filters, schedule, options = made_of
    fault = kind(effect, filters, schedule, **options)
    fault._matches, fault._hits, fault.has_fired = counts
    fault._is_template = False
    return fault


def _misses(condition: Condition, values: tuple[object, ...]) -> Iterator[str]:
    try:
        if not any(map(condition.holds, values)):
            yield _several(values)
    except PredicateError as error:  # it runs here first if another filter failed before
        yield f"{_several(values)}, for which the predicate raised {error.raised!r}"


def _several(values: tuple[object, ...]) -> str:
    more = f", ... ({len(values)})" if len(values) > _NAMES else ""
    return ", ".join(map(repr, values[:_NAMES])) + more


def _check_schedule(schedule: Schedule) -> None:
    __tracebackhide__ = True
    times, after, probability, optional = schedule
    is_times = times is None or is_whole(times, 1)
    check("times", times, is_times, "None for every match, or a whole number from 1")
    check("after", after, is_whole(after, 0), "a whole number from 0")
    is_probability = is_number(probability) and 0 <= probability <= 1
    check("probability", probability, is_probability, "a number from 0 to 1")
    check("optional", optional, isinstance(optional, bool), "True or False")


def _shown(value: object) -> str:
    if isinstance(value, bytes) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!r}..."
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    if callable(value):  # a predicate, or the type of an exception
        return printable(str(getattr(value, "__name__", safe_repr(value))))
    return safe_repr(value)
