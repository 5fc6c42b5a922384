"""The statistics of a series of metrics. They are numerically stable."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

_HUGE = 2.0**900
_SMALLER = 2.0**-100


def average(values: Sequence[float]) -> float:
    """Return the arithmetic mean; after rounding, it still lies within the range of the values."""
    least, most = min(values), max(values)
    if max(-least, most) > _HUGE:  # the sum may be larger than any double
        mean = math.fsum(value * _SMALLER for value in values) / len(values) / _SMALLER
    else:
        mean = math.fsum(values) / len(values)
    return min(max(mean, least), most)


def standard_deviation(values: Sequence[float]) -> float:
    """Return the sample standard deviation (n - 1); 0 for one value.

    That AWS returns the sample's, not the population's, is assumed.
    """
    if max(map(abs, values)) > _HUGE:  # a deviation may be larger than any double
        return standard_deviation([value * _SMALLER for value in values]) / _SMALLER
    mean = average(values)
    deviations = [value - mean for value in values]
    scale = max(map(abs, deviations))
    if scale == 0:
        return 0.0
    scaled = [deviation / scale for deviation in deviations]
    squares = math.fsum(deviation * deviation for deviation in scaled)
    # The rounding of the mean adds this to the sum of squares.
    excess = math.fsum(scaled) ** 2 / len(values)
    return scale * math.sqrt((squares - excess) / (len(values) - 1))


def first_of_the_latest(timestamps: Sequence[float]) -> int:
    """Return the index of the latest timestamp; of equal ones, the first to arrive."""
    return timestamps.index(max(timestamps))


def last_of_the_latest(timestamps: Sequence[float]) -> int:
    """Return the index of the latest timestamp; of equal ones, the last to arrive."""
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
"""Each statistic by AWS's name. It takes Values and Timestamps in order of arrival."""
