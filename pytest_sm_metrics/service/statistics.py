"""The statistics of a run of values, numerically stable. Each takes the Values and, for `last`, their Timestamps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType


def average(values: Sequence[float]) -> float:
    """The arithmetic mean; rounding does not take it beyond the smallest and largest value."""
    try:
        mean = math.fsum(values) / len(values)
    except OverflowError:
        mean = math.fsum(value / len(values) for value in values)
    return min(max(mean, min(values)), max(values))


def standard_deviation(values: Sequence[float]) -> float:
    """The sample standard deviation (n - 1); 0 for one value. That it is the sample's is assumed."""
    if len(values) == 1:
        return 0.0
    mean = average(values)
    deviations = [value - mean for value in values]
    scale = max(map(abs, deviations))
    if scale == 0 or math.isinf(scale):
        return scale
    scaled = [deviation / scale for deviation in deviations]
    # The mean is rounded; the second term takes out what that adds to the first.
    squares = math.fsum(deviation * deviation for deviation in scaled) - math.fsum(scaled) ** 2 / len(values)
    return scale * math.sqrt(squares / (len(values) - 1))


def first_of_the_latest(timestamps: Sequence[float]) -> int:
    """The index of the latest timestamp; of equal ones the first to arrive."""
    return timestamps.index(max(timestamps))


def last_of_the_latest(timestamps: Sequence[float]) -> int:
    """The index of the latest timestamp; of equal ones the last to arrive."""
    return max(range(len(timestamps)), key=lambda index: (timestamps[index], index))


STATISTICS: Mapping[str, Callable[[Sequence[float], Sequence[float]], float]] = MappingProxyType(
    {
        "Min": lambda values, _: min(values),
        "Max": lambda values, _: max(values),
        "Avg": lambda values, _: average(values),
        "Count": lambda values, _: float(len(values)),
        "StdDev": lambda values, _: standard_deviation(values),
        "Last": lambda values, timestamps: values[first_of_the_latest(timestamps)],
    }
)
"""By AWS's names: from Values and Timestamps in order of arrival to the figure."""
