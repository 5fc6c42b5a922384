"""Sparklines: the shape of a series as a few characters."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = ".:-=+*#@"
_NOT_FINITE = "?"


def sparkline(
    values: Iterable[float | str],
    width: int,
    bounds: Sequence[float] | None = None,
    ramp: str = BLOCKS,
) -> str:
    """Return the shape of a series: a character for each value, at most `width` characters.

    A longer series is divided into buckets. Each shows the value that differs most from the values
    around it, so that one outlier stays visible. A value that is not finite is a `?`.

    `bounds` has the lowest and the highest value of the scale, and may have others between; without
    it, they are those of the series. `ramp` has the characters from low to high.
    """
    numbers = [float(value) for value in values]
    known = [number for number in (numbers if bounds is None else bounds) if math.isfinite(number)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if math.isinf(high - low):
        numbers = [number / 2 for number in numbers]
        low, high = low / 2, high / 2
    shown = numbers if len(numbers) <= width else _outliers(numbers, max(width, 0))
    return "".join(_character(number, low, high, ramp) for number in shown)


def terminal_ramp() -> str:
    """Return the characters of a sparkline for the terminal: blocks if its encoding has them.

    `sys.__stdout__` keeps the encoding of the terminal while pytest captures the output. A worker
    of pytest-xdist inherits the environment variables that decide about it.
    """
    try:
        BLOCKS.encode(sys.__stdout__.encoding)  # type: ignore[union-attr]
    except (AttributeError, LookupError, TypeError, ValueError):  # no output, or other characters
        return _ASCII
    return BLOCKS


def _character(number: float, low: float, high: float, ramp: str) -> str:
    if not math.isfinite(number):
        return _NOT_FINITE
    if low == high:
        return ramp[(len(ramp) - 1) // 2]
    within = min(max(number, low), high)
    return ramp[round((within - low) / (high - low) * (len(ramp) - 1))]


def _outliers(numbers: Sequence[float], width: int) -> list[float]:
    """Return one number for each of `width` buckets."""
    edges = [len(numbers) * index // width for index in range(width + 1)] if width else []
    outliers: list[float] = []
    for index in range(width):
        bucket = numbers[edges[index] : edges[index + 1]]
        around = numbers[edges[max(index - 1, 0)] : edges[min(index + 2, width)]]
        outliers.append(_outlier(bucket, around))
    return outliers


def _outlier(bucket: Sequence[float], around: Sequence[float]) -> float:
    """Return the number of a bucket that differs most from the median of the numbers around it."""
    if not all(map(math.isfinite, bucket)):
        return math.nan
    ordered = sorted(filter(math.isfinite, around))
    median = ordered[len(ordered) // 2]
    return max(bucket, key=lambda number: abs(number - median))
