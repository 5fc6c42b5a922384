"""What a fault is: which requests and items it is for, and how often it fires."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from ..settings import is_whole
from .filters import Test, tests_of

_SHOWN = 60  # bytes of a raw answer
_NAMES = 5  # of trial components in a message

AnyFault = TypeVar("AnyFault", bound="Fault")


class Attempt(NamedTuple):
    """What the filters of a fault look at: values of which any may pass; and what the items of a well-formed request have."""

    operation: tuple[str | None]
    trial_component: tuple[str | None, ...]
    region: tuple[str]
    columns: Mapping[str, Sequence[object]] | None
    """By the name of the filter; None for a malformed request."""


class Stage(enum.Enum):
    """The stage of a request's way through the service at which a fault acts."""

    HOLD = enum.auto()
    """The request has arrived. A fault of this stage has `hold`."""
    DELAY = enum.auto()
    """The request is about to be answered. A fault of this stage has `seconds`."""
    CALL = enum.auto()
    """The request as a whole is judged. A fault of this stage has `outcome` and `stored`."""
    ITEM = enum.auto()
    """The metrics or the queries of a well-formed request are judged. A fault of this stage has `indexes`."""


class Force:
    """The faults that are in force at a mock."""

    def __init__(self, count_calls: Callable[[], int]) -> None:
        self.faults: list[Fault] = []
        self.count_calls = count_calls
        """How many calls are in the journal."""


class Fault:
    """Something that fails on demand. Made by `fail_metrics`, `fail_calls`, `fail_queries`, `delay_calls`; in force once a mock has it.

    As a context manager it is removed on leaving.
    """

    kind = ""
    """The name of the function that makes it."""
    noun = "call"
    """What it is for."""
    stage: Stage
    operation: str | None = None
    """The one operation that it is for; None: any."""
    _of_items: frozenset[str] = frozenset()
    """The filters that look at single items of a request, not at the call."""

    def __init__(
        self,
        effect: object,
        filters: Mapping[str, Any],
        times: int | None,
        after: int,
        probability: float,
        optional: bool,
        **more: Any,
    ) -> None:
        __tracebackhide__ = True
        check(
            "times",
            times,
            times is None or is_whole(times, 1),
            "None for every match, or a whole number from 1",
        )
        check("after", after, is_whole(after, 0), "a whole number from 0")
        check(
            "probability",
            probability,
            is_number(probability) and 0 <= probability <= 1,
            "a number from 0 to 1",
        )
        check("optional", optional, isinstance(optional, bool), "True or False")
        self._made_of: tuple[Any, ...] = (effect, filters, times, after, probability, optional)
        self._more = more
        self._tests = tests_of(filters)
        self._item_tests = [test for test in self._tests if test.name in self._of_items]
        self._call_tests: list[tuple[int, bool, Any]] = [
            (
                Attempt._fields.index(test.name),
                test.is_literal,
                test.wanted if test.is_literal else test.holds,
            )
            for test in self._tests
            if test.name not in self._of_items
        ]
        self.times, self.after, self.probability, self.optional = (
            times,
            after,
            probability,
            optional,
        )
        self.matches = 0
        """How many requests, or metrics, reached it and matched its filters."""
        self.hits = 0
        """How often it fired."""
        self.has_fired = False
        """Also in an example of Hypothesis that was taken back."""
        self.overtaken = 0
        """How often it was ready, and one that was added earlier fired in its place."""
        self.since = 0
        """How many calls were in the journal when it came into force."""
        self.until: int | None = None
        """How many were when it was removed; None while it is in force."""
        self._force: Force | None = None

    def filter(self, name: str) -> Any:
        """Return the filter of this name; None for any."""
        return self._made_of[1].get(name)

    def fresh(self: AnyFault) -> AnyFault:
        """The same again, as if it had just been made."""
        return type(self)(*self._made_of, **self._more)

    def __reduce__(self) -> tuple[Any, ...]:
        return _with_counts, (
            type(self),
            self._made_of,
            self._more,
            self.matches,
            self.hits,
            self.has_fired,
        )

    def put_in_force(self, force: Force) -> None:
        """Add it to those in force; a TypeError if it declares no stage."""
        stage: object = getattr(self, "stage", None)
        if not isinstance(stage, Stage):
            stages = ", ".join(str(one) for one in Stage)
            raise TypeError(f"{self!r} declares the stage {stage!r}; the stages are: {stages}.")
        self._force = force
        self.since = force.count_calls()
        force.faults.append(self)

    @property
    def is_in_force(self) -> bool:
        """Whether a mock has it, and it was not removed."""
        return self._force is not None and self in self._force.faults

    def remove(self) -> None:
        """From now on it does not fire. One that never fired counts as unused all the same."""
        self._require_a_mock()
        if self._force and self in self._force.faults:
            self.until = self._force.count_calls()
            self._force.faults.remove(self)

    def _require_a_mock(self) -> None:
        if self._force is None:
            raise RuntimeError(
                f"{self!r} is a template, in force nowhere: make it with sm_metrics.{self.kind}(...), or put it into faults=[...]."
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
        self.remove()

    def sees(self, attempt: Attempt) -> bool:
        """Whether the filters of calls let it see an attempt."""
        if self.operation and self.operation not in attempt.operation:
            return False
        for position, is_literal, wanted in self._call_tests:
            values: Any = attempt[position]
            if wanted not in values if is_literal else not any(map(wanted, values)):
                return False
        return True

    def claim(self, draw: Callable[[], float], may_fire: bool = True) -> bool:
        """Count a match, and say whether it fires."""
        self.matches += 1
        if self.matches <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        if not may_fire:
            self.overtaken += 1
            return False
        if self.probability < 1 and draw() >= self.probability:
            return False
        self.hits += 1
        self.has_fired = True
        return True

    def checkpoint(self) -> Callable[[], None]:
        """What brings the counts back to those of now."""
        counts = self.matches, self.hits, self.overtaken, self.until

        def restore() -> None:
            self.matches, self.hits, self.overtaken, self.until = counts

        return restore

    def unmet(self, attempt: Attempt, index: int | None = None) -> list[tuple[str, str]]:
        """The filters that an attempt, or one item of it, does not pass, and what it has there."""
        found: list[tuple[str, str]] = []
        for test in self._tests:
            if test.name not in self._of_items:
                found += [(test.name, why) for why in _misses(test, getattr(attempt, test.name))]
            elif index is not None and attempt.columns:
                found += [
                    (test.name, why) for why in _misses(test, (attempt.columns[test.name][index],))
                ]
        return found

    def __repr__(self) -> str:
        effect, filters, *_ = self._made_of
        shown = [*([_shown(effect)] if effect is not None else [])]
        shown += [
            f"{name}={_shown(wanted)}"
            for name, wanted in {**filters, **self._more}.items()
            if wanted is not None and wanted is not False
        ]
        shown += [f"times={self.times}"] if self.times is not None else []
        shown += [f"after={self.after}"] if self.after else []
        shown += [f"probability={self.probability}"] if self.probability != 1 else []
        shown += ["optional=True"] if self.optional else []
        return f"{self.kind}({', '.join(shown)})"


def _with_counts(
    kind: type[AnyFault],
    made_of: tuple[Any, ...],
    more: dict[str, Any],
    matches: int,
    hits: int,
    has_fired: bool,
) -> AnyFault:
    """In another process: what was made of the same, in force nowhere."""
    fault = kind(*made_of, **more)
    fault.matches, fault.hits, fault.has_fired = matches, hits, has_fired
    return fault


def _misses(test: Test, values: tuple[object, ...]) -> Iterator[str]:
    try:
        if not any(map(test.holds, values)):
            yield _several(values)
    except (
        Exception
    ) as error:  # a predicate that was not asked before, because another filter had said no
        yield f"{_several(values)}, of which the predicate raised {error!r}"


def _several(values: tuple[object, ...]) -> str:
    return ", ".join(map(repr, values[:_NAMES])) + (
        f", ... ({len(values)})" if len(values) > _NAMES else ""
    )


def check(name: str, value: object, accepted: bool, words: str) -> None:
    """Raise a ValueError for what is not accepted."""
    __tracebackhide__ = True
    if not accepted:
        raise ValueError(f"{name} is {value!r}; accepted is {words}.")


def is_number(value: object) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: object) -> str:
    if isinstance(value, bytes) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]!r}..."
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    if isinstance(value, type) or (callable(value) and not isinstance(value, re.Pattern)):
        return str(getattr(value, "__name__", repr(value)))
    return repr(value)
