"""Sparklines: the shape of any series, in characters that the output can carry."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.sparkline import BLOCKS, sparkline, terminal_ramp

SMALLEST = 5e-324
LARGEST = sys.float_info.max


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ([], ""),
        ([0.5], "▄"),
        ([3, 3, 3], "▄▄▄"),
        ([1, 2, 3, 4, 5, 6, 7, 8], BLOCKS),
        ([8, 1, 8], "█▁█"),
        ([-1, 0, 1], "▁▅█"),
        ([1e-300, 1e300], "▁█"),
        ([-LARGEST, 0, LARGEST], "▁▅█"),
        ([0, SMALLEST], "▁█"),
        ([1.0, math.nextafter(1.0, 2)], "▁█"),
        ([0, math.nan, 1, math.inf, -math.inf], "▁?█??"),
        (["NaN", 0, "Infinity", 1], "?▁?█"),
        ([math.nan], "?"),
    ],
)
def test_shapes(values, shape):
    assert sparkline(values, 10) == shape


def test_a_long_series_has_the_width():
    assert sparkline(range(1000), 0) == ""
    assert sparkline(range(1000), 1) in BLOCKS


@given(count=st.integers(2, 300), width=st.integers(2, 40))
def test_a_slope_stays_a_slope(count, width):
    shape = sparkline(range(count), width)
    assert len(shape) == min(count, width)
    assert list(shape) == sorted(shape)
    assert (shape[0], shape[-1]) == ("▁", "█")
    falling = sparkline(range(count, 0, -1), width)
    assert list(falling) == sorted(falling, reverse=True)


@given(count=st.integers(1, 300), width=st.integers(1, 40), data=st.data())
def test_a_spike_stays_visible(count, width, data):
    spike, high = data.draw(st.integers(0, count - 1)), data.draw(st.sampled_from([1.0, -1.0]))
    values = [0.0] * count
    values[spike] = high
    shape = sparkline(values, width)
    assert len(shape) == min(count, width)
    if count >= 3 and width >= 2:
        top, level = ("█", "▁") if high > 0 else ("▁", "█")
        assert shape.count(top) == 1
        assert set(shape) == {top, level}


@given(count=st.integers(20, 300), place=st.floats(0, 1, exclude_max=True))
def test_a_value_that_is_not_finite_stays_visible(count, place):
    values = list(map(float, range(count)))
    values[int(place * count)] = math.nan
    assert sparkline(values, 10).count("?") == 1


@given(
    values=st.lists(st.floats() | st.sampled_from([SMALLEST, LARGEST, -LARGEST])),
    width=st.integers(0, 20),
    bounds=st.none() | st.lists(st.floats(), min_size=2),
)
def test_no_series_raises(values, width, bounds):
    shape = sparkline(values, width, bounds)
    assert len(shape) == min(len(values), width)
    assert set(shape) <= set(BLOCKS) | {"?"}


def test_two_series_on_one_scale():
    assert sparkline([0, 1], 10, bounds=[0, 7]) == "▁▂"
    assert sparkline([-1, 9, 1e308], 10, bounds=[0, 7]) == "▁██"


def test_other_characters():
    assert sparkline([0, 1, 2], 10, ramp="abc") == "abc"


CHILD = "from pytest_sm_metrics.sparkline import *; print(sparkline(range(8), 8, ramp={}))"
NOT_UTF_8 = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
ASCII = ".:-=+*#@"


def run_child(*command, **environ):
    """Return the output of a process whose environment says nothing else about encodings."""
    about = ("PYTHONUTF8", "PYTHONIOENCODING", "PYTHONCOERCECLOCALE", "LC_ALL", "LC_CTYPE", "LANG")
    kept = {name: value for name, value in os.environ.items() if name not in about}
    child = subprocess.run(
        [sys.executable, *command], env=kept | environ, capture_output=True, timeout=120
    )
    return child.stdout


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PYTHONIOENCODING": "utf-8"}, BLOCKS),
        ({"PYTHONUTF8": "1"}, BLOCKS),
        ({"PYTHONIOENCODING": "utf-16-le"}, BLOCKS),
        ({"PYTHONIOENCODING": "ascii"}, ASCII),
        ({"PYTHONIOENCODING": "ascii:replace"}, ASCII),
        ({"PYTHONIOENCODING": "cp1252"}, ASCII),
        ({"PYTHONIOENCODING": "cp437"}, ASCII),  # it has two of the blocks
        ({"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "1"}, ASCII),
    ],
    ids=str,
)
def test_the_encoding_of_the_output_decides(environ, expected):
    encoding = environ.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    output = run_child("-c", CHILD.format("terminal_ramp()"), **environ)
    assert output.decode(encoding).strip() == expected


@pytest.mark.skipif(sys.platform == "win32", reason="there, the locale is not in the environment")
def test_a_locale_that_is_not_utf_8():
    assert run_child("-c", CHILD.format("terminal_ramp()"), **NOT_UTF_8).decode().strip() == ASCII


@pytest.mark.parametrize("output", [None, object()])
def test_no_output(monkeypatch, output):
    monkeypatch.setattr(sys, "__stdout__", output)
    assert terminal_ramp() == ASCII


FAILS = """
from pytest_sm_metrics import mock_sm_metrics
import boto3

def test_it(sm_metrics):
    client = boto3.client("sagemaker-metrics")
    data = [
        {"MetricName": "loss", "Timestamp": 1788264000, "Value": value, "Step": value}
        for value in range(8)
    ]
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
    assert sm_metrics["run-1"]["loss"].last == 0
"""


@pytest.mark.parametrize("distribution", [("-p", "no:xdist"), ("-n1",)], ids=["alone", "xdist"])
@pytest.mark.parametrize(
    ("environ", "encoding", "shape"),
    [
        ({"PYTHONIOENCODING": "utf-8"}, "utf-8", BLOCKS),
        ({"PYTHONIOENCODING": "cp1252"}, "cp1252", ASCII),
        ({"PYTHONIOENCODING": "ascii"}, "ascii", ASCII),
        pytest.param(
            NOT_UTF_8,
            "ascii",
            ASCII,
            marks=pytest.mark.skipif(sys.platform == "win32", reason="see above"),
        ),
    ],
    ids=["utf-8", "cp1252", "ascii", "C"],
)
def test_the_report_of_a_failing_test(pytester, distribution, environ, encoding, shape):
    test = pytester.makepyfile(FAILS)
    output = run_child("-m", "pytest", *distribution, str(test), **environ).decode(encoding)
    assert f"<MetricSeries 'loss': 8 values {shape} [0.0, " in output
    assert "\\u2581" not in output
