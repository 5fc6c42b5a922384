"""The statistics of a run of values, numerically stable."""

from __future__ import annotations

import math
from collections.abc import Sequence


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


def index_of_last(timestamps: Sequence[float]) -> int:
    """The index of the latest timestamp; of equal ones the last to arrive."""
    return max(range(len(timestamps)), key=lambda index: (timestamps[index], index))
