"""Downsampling: the points of a long series that a chart needs to look the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

Value = float | str | None


def downsample(values: Sequence[Value], most: int) -> list[int]:
    """Return the indexes of at most `most` values, in order.

    The series is cut into buckets of equal length. The first and the last value, and the least
    and the greatest value of each bucket are kept. So is the first value of a bucket that is not
    finite, for it is a gap in the curve; such values are texts or None. `most` is at least 5.
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    kept_of_a_bucket = 2 if all(map(is_finite, values)) else 3
    buckets = (most - 2) // kept_of_a_bucket
    kept = {0, count - 1}
    for bucket in range(buckets):
        start, end = bucket * count // buckets, (bucket + 1) * count // buckets
        kept.update(_landmarks(values, start, end))
    return sorted(kept)


def is_finite(value: Value) -> bool:
    """Return True if a value has a place on an axis."""
    return isinstance(value, (int, float)) and isfinite(value)


def _landmarks(values: Sequence[Value], start: int, end: int) -> Iterator[int]:
    """Return the indexes of the least, the greatest and the first missing value of a bucket."""
    finite: list[tuple[float, int]] = []
    missing = False
    for index in range(start, end):
        value = values[index]
        if isinstance(value, (int, float)) and isfinite(value):
            finite.append((value, index))
        elif not missing:
            missing = True
            yield index
    if finite:
        yield min(finite)[1]
        yield max(finite)[1]
