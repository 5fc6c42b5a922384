"""The section of a failing test: a line for each series that it logged."""

from __future__ import annotations

import pytest

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.reports.failure_section import sections

from ..requests import body, item, request

LONG = "pytorch-training-2026-09-01-12-00-00-123-aws-trial-component"


@pytest.fixture
def sm_metrics(blocks):
    """Activate a mock whose section has blocks."""
    with mock_sm_metrics(rejected_metrics="ignore") as sm_metrics:
        yield sm_metrics


def log(sm_metrics, run, name, *values, region="us-east-1"):
    points = [item(name, value, step=step) for step, value in enumerate(values)]
    sm_metrics._service.answer(request(body(*points, run=run), region=region))


def logged(whole=False):
    """Return the lines of the section that are about series."""
    [(_, text)] = sections("test_it.py::test_it", [], whole)
    return [line for line in text.splitlines() if line.startswith("logged")]


def test_one_value(sm_metrics):
    log(sm_metrics, "run-1", "loss", 0.5)
    [(title, text)] = sections("test_it.py::test_it", [], False)
    assert title == "SageMaker Metrics calls"
    call, series = text.splitlines()
    assert call == "12:00:00.000 BatchPutMetrics 'run-1' in us-east-1: loss -> 200"
    assert series == "logged run-1 loss  1 value  0.5"


def test_columns(sm_metrics):
    log(sm_metrics, "run-1", "train:loss", *[0.9 / step for step in range(1, 11)])
    log(sm_metrics, "run-1", "lr", 1e-4, 1e-4, 1e-4)
    log(sm_metrics, "run-10", "seed", 123456)
    log(sm_metrics, "run-1", "acc", 0.1, 1 / 3)
    assert logged() == [
        "logged run-1  train:loss  10 values     0.9 █▄▃▂▂▂▁▁▁▁ 0.09",
        "logged run-1  lr           3 values  0.0001 ▄▄▄        0.0001",
        "logged run-1  acc          2 values     0.1 ▁█         0.33333",
        "logged run-10 seed          1 value  123456",
    ]


def test_the_region_where_it_is_not_the_only_one(sm_metrics):
    log(sm_metrics, "run-1", "loss", 1, 2)
    log(sm_metrics, "run-1", "loss", 2, 1, region="eu-west-1")
    assert logged() == [
        "logged run-1 in us-east-1 loss  2 values  1 ▁█ 2",
        "logged run-1 in eu-west-1 loss  2 values  2 █▁ 1",
    ]


def test_long_names_fit_on_a_line(sm_metrics):
    log(sm_metrics, LONG, "validation:" + "accuracy:" * 20 + "top5", *range(10))
    log(sm_metrics, LONG, "loss", *[0.5] * 10, region="ap-southeast-2")
    first, second = logged()
    assert max(len(first), len(second)) <= 80
    assert first.startswith("logged pyto")
    assert " in us-east-1 " in first
    assert "p5 " in first
    assert LONG in logged(whole=True)[0]


def test_a_short_name_leaves_room_for_a_long_one(sm_metrics):
    log(sm_metrics, "run-1", "validation:accuracy:top5:of:the:epoch", 1, 2)
    assert logged() == ["logged run-1 validation:accuracy:top5:of:the:epoch  2 values  1 ▁█ 2"]


def test_names_are_printable(sm_metrics):
    log(sm_metrics, "run-1", "lo\u202ess", 1)
    assert logged() == [r"logged run-1 lo\u202ess  1 value  1"]


def test_rejected_metrics_are_no_series(sm_metrics):
    log(sm_metrics, "run-1", "loss", 1, "NaN")
    log(sm_metrics, "run-1", "acc", "NaN")
    assert logged() == ["logged run-1 loss  1 value  1"]


def test_many_series(sm_metrics):
    for number in range(13):
        log(sm_metrics, "run-1", f"m{number}", number)
    assert len(logged()) == 11
    assert logged()[-1] == "logged 3 more series; -vv shows them"
    assert len(logged(whole=True)) == 13
