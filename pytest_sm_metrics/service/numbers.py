"""Numbers on the wire: JSON has no NaN and no infinities, so AWS sends them as strings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def as_double(number: Any) -> float:
    """Convert a number or a numeric string; an integer too large becomes an infinity."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def as_doubles(numbers: Sequence[Any]) -> list[float]:
    """Convert numbers and numeric strings; an integer too large becomes an infinity."""
    try:
        return list(map(float, numbers))
    except OverflowError:
        return list(map(as_double, numbers))


def as_sent(number: Any) -> float | str:
    """Return a number as a double, or as the string that stands for it on the wire."""
    double = as_double(number)
    if math.isfinite(double):
        return double
    if math.isnan(double):
        return "NaN"
    return "Infinity" if double > 0 else "-Infinity"
