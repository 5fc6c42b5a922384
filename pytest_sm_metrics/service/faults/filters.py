"""Filters: the conditions that a request, or an item of one, must meet to match a fault."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar, Union

from ...accepted import NotAcceptedError, is_whole

T = TypeVar("T")
Filter = Union[T, "re.Pattern[str]", Callable[[Any], object], None]
"""A value, a compiled regular expression (searched), or a predicate; None matches anything."""

NumberFilter = int | Callable[[Any], object] | None
"""A whole number or a predicate; None matches anything."""

_TEXT = "a string, a compiled regular expression or a predicate"
_NUMBER = "a whole number from 0 or a predicate"
_INDEX = "a whole number from 0 to 9 or a predicate"


class PredicateError(Exception):
    """The failure of a predicate: the filter, the value, and the exception that it raised."""

    def __init__(self, filter_name: str, value: object, raised: BaseException) -> None:
        super().__init__(filter_name, value)
        self.filter_name = filter_name
        self.value = value
        self.raised = raised


class Condition(NamedTuple):
    """One filter that is not None."""

    name: str
    wanted: Any
    is_literal: bool
    holds: Callable[[Any], object]


def conditions_of(filters: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Return the conditions of filters; raise a ValueError for an invalid filter."""
    __tracebackhide__ = True
    conditions = []
    for name, wanted in filters.items():  # the frame of a generator would be in the traceback
        if wanted is not None:
            conditions.append(_condition(name, wanted))
    return tuple(conditions)


def _condition(name: str, wanted: Any) -> Condition:
    __tracebackhide__ = True
    is_number = name in ("step", "index")
    if isinstance(wanted, re.Pattern) and not is_number and isinstance(wanted.pattern, str):
        search: Any = wanted.search
        return Condition(
            name, wanted, False, lambda value: isinstance(value, str) and search(value)
        )
    if callable(wanted):
        return Condition(name, wanted, False, partial(_ask, name, wanted))
    largest = 9 if name == "index" else math.inf
    if is_whole(wanted, 0, largest) if is_number else isinstance(wanted, str):
        return Condition(name, wanted, True, lambda value: bool(value == wanted))
    words = {"step": _NUMBER, "index": _INDEX}.get(name, _TEXT)
    raise NotAcceptedError(name, wanted, f"{words}, or None for any")


def _ask(name: str, predicate: Callable[[Any], object], value: object) -> object:
    try:
        return predicate(value)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # what pytest.fail raises is no Exception
        if hasattr(error, "add_note"):  # since Python 3.11
            error.add_note(f"The predicate of a fault's filter {name} was called with {value!r}.")
        raise PredicateError(name, value, error) from error
