from __future__ import annotations

import math
import statistics
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.service.statistics import average, last_of_the_latest, standard_deviation

# The square of a smaller value would underflow in the reference.
FINITE = st.floats(-1e100, 1e100).filter(lambda value: value == 0 or abs(value) > 1e-100)


@given(st.lists(FINITE, min_size=1))
def test_the_average_is_the_exact_mean_rounded(values):
    assert average(values) == pytest.approx(
        float(statistics.mean(map(float, values))), rel=1e-15, abs=0
    )


@given(st.lists(FINITE, min_size=2))
def test_the_deviation_is_the_samples(values):
    assert standard_deviation(values) == pytest.approx(
        statistics.stdev(values), rel=1e-9, abs=1e-9 * max(map(abs, values))
    )


def test_a_tiny_spread_around_a_large_value_is_not_lost():
    assert standard_deviation([1e9, 1e9 + 1e-6, 1e9 + 2e-6]) == pytest.approx(
        statistics.stdev([1e9, 1e9 + 1e-6, 1e9 + 2e-6]), rel=1e-6
    )


def test_one_value_has_no_spread():
    assert standard_deviation([3.5]) == 0.0


MOST = sys.float_info.max


@given(st.lists(st.sampled_from([MOST, -MOST, MOST / 2, 1.0, 0.0]), min_size=1, max_size=40))
def test_the_largest_doubles(values):
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    assert average(values) == pytest.approx(float(mean), rel=1e-14)
    if len(values) > 1:
        variance = sum((value - mean) ** 2 for value in exact) / (len(exact) - 1)
        deviation = Fraction(math.isqrt(int(variance * 4**1200)), 2**1200)
        found = standard_deviation(values)
        assert (
            deviation * Fraction(1 - 1e-12)
            <= (found if found < math.inf else deviation)
            <= deviation * Fraction(1 + 1e-12)
        )
        assert (found < math.inf) or deviation > Fraction(MOST) * Fraction(1 - 1e-12)


@pytest.mark.parametrize("values", [[1e308] * 3, [-1e308, 1e308], [5e-324, 5e-324, 1e-323]])
def test_the_ends_of_the_range_do_not_raise(values):
    assert math.isfinite(average(values))
    assert standard_deviation(values) >= 0


def test_the_smallest_doubles_are_not_rounded_to_zero():
    least = sys.float_info.min
    assert average([least / 4, least / 2]) == least * 0.375
    assert standard_deviation([least / 4, least / 2, least * 0.75]) == least / 4


def test_last_is_the_latest_and_of_equals_the_last_to_arrive():
    assert last_of_the_latest([1.0, 3.0, 3.0, 2.0]) == 2
