"""Accepted values: the checks of settings and faults."""

from __future__ import annotations

import math
from collections.abc import Callable

Accepted = tuple[str, Callable[[object], bool]]
"""The accepted values in words, and a function that returns True for one."""


def is_whole(value: object, least: float = -math.inf, most: float = math.inf) -> bool:
    """Return True for a whole number from `least` to `most`; False for a bool."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: object) -> bool:
    """Return True for a finite number; False for a bool."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return math.isfinite(value)


def one_of(*values: str) -> Accepted:
    """Return accepted values: these strings only."""
    words = " or ".join(f'"{value}"' for value in values)
    return words, lambda value: isinstance(value, str) and value in values


class NotAcceptedError(ValueError):
    """A value that is not accepted for an argument or a key."""

    def __init__(self, name: str, value: object, words: str) -> None:
        super().__init__(f"{name} is {value!r}; accepted is {words}.")
        self.name = name

    def __reduce__(self) -> tuple[type[ValueError], tuple[str]]:
        return ValueError, (str(self),)


def check(name: str, value: object, accepted: bool, words: str) -> None:
    """Raise a NotAcceptedError, a ValueError, for a value that is not accepted."""
    __tracebackhide__ = True
    if not accepted:
        raise NotAcceptedError(name, value, words)
