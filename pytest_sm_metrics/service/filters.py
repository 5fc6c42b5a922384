"""Filters: which requests, or which metrics of a request, something is for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar, Union

from ..settings import is_whole

T = TypeVar("T")
Filter = Union[T, "re.Pattern[str]", Callable[[Any], object], None]
"""A value, a compiled regular expression (searched), or a predicate; None is any."""

NumberFilter = int | Callable[[Any], object] | None
"""A whole number or a predicate; None is any."""

_TEXT = "a string, a compiled regular expression or a predicate"
_NUMBER = "a whole number from 0 or a predicate"
_INDEX = "a whole number from 0 to 9 or a predicate"


class Test(NamedTuple):
    """One filter that is not None."""

    name: str
    wanted: Any
    is_literal: bool
    holds: Callable[[Any], object]


def tests_of(given: Mapping[str, Any]) -> tuple[Test, ...]:
    """The tests that filters make; a ValueError for what is no filter."""
    __tracebackhide__ = True
    return tuple(_test(name, wanted) for name, wanted in given.items() if wanted is not None)


def _test(name: str, wanted: Any) -> Test:
    __tracebackhide__ = True
    is_number = name in ("step", "index")
    if isinstance(wanted, re.Pattern) and not is_number and isinstance(wanted.pattern, str):
        search: Any = wanted.search
        return Test(name, wanted, False, lambda value: isinstance(value, str) and search(value))
    if callable(wanted):
        return Test(name, wanted, False, partial(_ask, name, wanted))
    if (
        is_whole(wanted, 0, 9 if name == "index" else math.inf)
        if is_number
        else isinstance(wanted, str)
    ):
        return Test(name, wanted, True, lambda value: bool(value == wanted))
    words = _TEXT if not is_number else _INDEX if name == "index" else _NUMBER
    raise ValueError(f"{name} is {wanted!r}; accepted is {words}, or None for any.")


def _ask(name: str, predicate: Callable[[Any], object], value: object) -> object:
    try:
        return predicate(value)
    except Exception as error:
        if hasattr(error, "add_note"):  # since Python 3.11
            error.add_note(f"The predicate of the filter {name} of a fault was asked of {value!r}.")
        raise
