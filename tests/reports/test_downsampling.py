"""Downsampling: a long series with fewer points, in the same shape."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.reports.downsampling import downsample

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(FINITE | st.sampled_from(["NaN", "Infinity", "-Infinity"]), max_size=300)


@given(VALUES, st.integers(5, 100))
def test_first_last_and_order_are_kept(values, most):
    kept = downsample(values, most)
    assert len(kept) <= most
    assert kept == sorted(set(kept))
    if values:
        assert (kept[0], kept[-1]) == (0, len(values) - 1)


@given(VALUES, st.integers(5, 100))
def test_extremes_are_kept(values, most):
    kept = [values[index] for index in downsample(values, most)]
    finite = [value for value in values if isinstance(value, float)]
    if finite:
        assert {min(finite), max(finite)} <= set(kept)


@given(VALUES, st.integers(5, 100))
def test_a_gap_stays_a_gap(values, most):
    kept = [values[index] for index in downsample(values, most)]
    assert any(isinstance(one, str) for one in kept) == any(isinstance(one, str) for one in values)


@given(VALUES)
def test_a_short_series_stays_as_it_is(values):
    assert downsample(values, max(5, len(values))) == list(range(len(values)))


def test_the_extremes_of_each_bucket_stay():
    values = [math.sin(index / 50) for index in range(10_000)]
    values[4_321] = 9.0
    values[7_654] = -9.0
    kept = downsample(values, 2000)
    assert {4_321, 7_654} <= set(kept)
    assert 1000 < len(kept) <= 2000
    assert max(later - index for index, later in pairwise(kept)) <= 21


def test_a_value_of_none_is_a_gap():
    assert 50 in downsample([0.0] * 50 + [None] + [1.0] * 50, 10)
