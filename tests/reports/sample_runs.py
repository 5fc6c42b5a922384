"""Runs as plain data, for the tests of the reports."""

from __future__ import annotations

import copy
import math
import random
from collections import Counter
from functools import cache

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.aws.active import active
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED
from pytest_sm_metrics.reports.record import record_test

from ..requests import EPOCH_SECONDS, body, item, request

COUNTS = ("calls", "metrics", "rejected", "unread")


def series(values, run="run-1", metric="loss", steps=..., region="us-east-1", seconds=None):
    """Return the record of a series."""
    values = list(values)
    steps = list(range(len(values))) if steps is ... else steps
    seconds = seconds or range(len(values))
    stamps = [
        f"2026-09-01T{12 + s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}+00:00" for s in seconds
    ]
    return {
        "trial_component": run,
        "region": region,
        "metric_name": metric,
        "values": values,
        "steps": steps,
        "timestamps": stamps,
    }


def mock(**changes):
    """Return the record of a mock that has seen nothing."""
    empty = {"settings": {}, "calls_before": 0, "calls_left_out": 0, "calls": [], "series": []}
    more = {"series_left_out": 0, "faults": [], "trails": [], "events": []}
    return {**empty, **more, **changes}


def result(test="test_it.py::test_it", *mocks, outcome="passed", **changes):
    """Return the record of a test with its result."""
    calls = [call for one in mocks for call in one["calls"]]
    points = sum(len(one["values"]) for mock in mocks for one in mock["series"])
    rejected = sum(len(call["rejected"]) for call in calls)
    counts = {"calls": len(calls), "metrics": points, "rejected": rejected, "unread": 0}
    return {
        "test": test,
        "thread_name": "MainThread",
        "process_id": 1,
        "mocks": list(mocks),
        "blocked_calls": [],
        "outcome": outcome,
        "duration": 0.25,
        "worker": "",
        "failure": "",
        "subtests": [],
        "counts": counts,
        **changes,
    }


def run_of(*tests, **changes):
    """Return the record of a run."""
    return {
        "format": 1,
        "version": "0.1.0",
        "versions": {"python": "3.11.2", "pytest": "8.4.2", "botocore": "1.40.0"},
        "started": "2026-09-01T12:00:00+00:00",
        "duration": 12.5,
        "exit_status": 1 if any(test["outcome"] == "failed" for test in tests) else 0,
        "outcomes": dict(Counter(test["outcome"] for test in tests)),
        "tests_without_mock": 0,
        "counts": {of: sum(test["counts"][of] for test in tests) for of in COUNTS},
        "tests": list(tests),
        **changes,
    }


def rich_record():
    return copy.deepcopy(_rich_record())


@cache
def _rich_record():
    """Return the record of a test in which everything happens that a page shows."""
    curve = random.Random(1)
    with mock_sm_metrics(metric_limit=500, unused_faults="ignore") as sm_metrics:
        sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=SUGGESTED)
        sm_metrics.fail_calls("ThrottlingException", times=1)
        sm_metrics.fail_metrics("INTERNAL_ERROR", metric_name="accuracy", times=2)
        sm_metrics.fail_calls("NoAnswer", times=1)
        sm_metrics.delay_calls(1, trial_component="no-such-run")
        time = float(EPOCH_SECONDS)
        for step in range(40):
            for number, run in enumerate(("resnet-base", "resnet-wide", "resnet-wide-warmup")):
                loss = (2.2 - 0.3 * number) * math.exp(-step / (9 + 3 * number)) + 0.05
                loss += curve.random() * 0.08
                items = [
                    item("train:loss", loss, step, EPOCH_SECONDS + 30 * step),
                    item("accuracy", 1 - loss / 3, step, EPOCH_SECONDS + 30 * step),
                ]
                if step % 13 == 12:
                    items.append(item("train:loss", "NaN", step, EPOCH_SECONDS + 30 * step))
                time += curve.random()
                asked = request(body(*items, run=run), time=time)
                sm_metrics._service.answer(asked._replace(thread_name="MainThread"))
        sm_metrics._service.answer(request(b"{", time=time + 1))
        return record_test("test_train.py::test_it", active.of_this_test(), [], None)


def rich_result(test="tests/test_train.py::test_curves_arrive", **changes):
    record = rich_record()
    found = result(test, *record["mocks"], **changes)
    found["process_id"] = record["process_id"]
    return found


FAILURE = """\
def test_curves_arrive(sm_metrics):
    train(steps=40)
>   assert sm_metrics["resnet-base"]["train:loss"].values == curve
E   assert [2.21, 2.08] == [2.21, 2.09]
E     At index 1 diff: 2.08 != 2.09

tests/test_train.py:31: AssertionError"""
