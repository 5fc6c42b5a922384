"""The record of a test: plain data that JSON can carry, with everything that its mocks saw."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from pytest_sm_metrics import fail_calls, mock_sm_metrics
from pytest_sm_metrics.aws.active import active
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED
from pytest_sm_metrics.reports.record import record_test

from ..requests import body, get_request, item, query, request

NOON = "2026-09-01T12:00:00+00:00"
INFINITY = "Infinity"


@pytest.fixture
def sm_metrics():
    """Activate a mock with settings of which two are not the defaults."""
    with mock_sm_metrics(metric_limit=100, unused_faults="ignore") as sm_metrics:
        yield sm_metrics


def record_of(*mocks, blocked=(), most=None):
    """Return the record of mocks, which survives JSON unchanged."""
    record = record_test("test_it.py::test_it", list(map(active.find, mocks)), blocked, most)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    return record


def only_mock(record):
    [mock] = record["mocks"]
    return mock


def only_call(record):
    [call] = only_mock(record)["calls"]
    return call


def send(sm_metrics, *requests):
    for one in requests:
        sm_metrics._service.answer(one)


def put(*items, run="run-1"):
    return request(body(*items, run=run))


class TestAMock:
    def test_its_settings_are_those_that_are_not_the_defaults(self, sm_metrics):
        send(sm_metrics, put(item()))
        settings = only_mock(record_of(sm_metrics))["settings"]
        assert settings == {"metric_limit": "100", "unused_faults": "'ignore'"}

    def test_every_setting_can_be_recorded(self):
        given = {
            "caller_arn": "sagemaker.amazonaws.com",
            "timestamp_window": (timedelta(days=14), timedelta(hours=2)),
            "faults": [fail_calls("ThrottlingException", optional=True)],
        }
        with mock_sm_metrics(**given) as sm_metrics:
            settings = only_mock(record_of(sm_metrics))["settings"]
        assert settings.keys() == given.keys()
        for name in ("caller_arn", "timestamp_window"):
            assert settings[name] == repr(given[name])
        assert "fail_calls('ThrottlingException', optional=True)" in settings["faults"]

    def test_one_that_saw_nothing_is_left_out(self, sm_metrics):
        assert record_of(sm_metrics) == {
            "test": "test_it.py::test_it",
            "thread_name": "MainThread",
            "process_id": os.getpid(),
            "mocks": [],
            "blocked_calls": [],
        }

    def test_a_fault_or_a_trail_is_enough(self, sm_metrics):
        with mock_sm_metrics() as other, mock_sm_metrics():
            sm_metrics.fail_calls("ThrottlingException")
            other.cloudtrail.create_trail("audit")
            [with_fault, with_trail] = record_of(sm_metrics, other)["mocks"]
        assert (with_fault["calls"], len(with_fault["faults"]), with_fault["trails"]) == ([], 1, [])
        assert (with_trail["calls"], with_trail["faults"], len(with_trail["trails"])) == ([], [], 1)

    def test_calls_before_the_test_are_counted(self, sm_metrics):
        send(sm_metrics, put(item()), put(item(step=1)))
        active.find(sm_metrics).before_test = (sm_metrics._service.calls, 1)
        mock = only_mock(record_of(sm_metrics))
        assert (mock["calls_before"], mock["calls_left_out"], len(mock["calls"])) == (1, 0, 1)

    def test_one_that_only_earlier_tests_called_is_left_out(self, sm_metrics):
        send(sm_metrics, put(item()))
        active.find(sm_metrics).before_test = (sm_metrics._service.calls, 1)
        assert record_of(sm_metrics)["mocks"] == []

    def test_series(self, sm_metrics):
        send(sm_metrics, put(item(), item("acc", 1, ...), item(value=0.25, step=1)))
        send(sm_metrics, put(item(value=INFINITY), run="run-2"))
        common = {"trial_component": "run-1", "region": "us-east-1"}
        assert only_mock(record_of(sm_metrics))["series"] == [
            {
                **common,
                "metric_name": "loss",
                "values": [0.5, 0.25],
                "steps": [0, 1],
                "timestamps": [NOON, NOON],
            },
            {
                **common,
                "metric_name": "acc",
                "values": [1.0],
                "steps": [None],
                "timestamps": [NOON],
            },
        ]

    def test_series_of_a_shared_mock_are_those_of_the_test(self, sm_metrics):
        send(sm_metrics, put(item(), item("acc", 1)))
        active.find(sm_metrics).begin_test()
        send(sm_metrics, put(item(value=0.25, step=1)), put(item(), run="run-2"))
        series = only_mock(record_of(sm_metrics))["series"]
        shown = [(one["trial_component"], one["metric_name"], one["values"]) for one in series]
        assert shown == [("run-1", "loss", [0.25]), ("run-2", "loss", [0.5])]

    def test_series_after_a_reset_are_those_since(self, sm_metrics):
        send(sm_metrics, put(item(), item(step=1)))
        active.find(sm_metrics).begin_test()
        sm_metrics.reset()
        send(sm_metrics, put(item(), item(step=1), item(step=2)))
        [series] = only_mock(record_of(sm_metrics))["series"]
        assert series["steps"] == [0, 1, 2]

    def test_events_are_those_of_the_test(self, sm_metrics):
        send(sm_metrics, put(item()))
        active.find(sm_metrics).begin_test()
        send(sm_metrics, put(item()))
        _, second = sm_metrics.cloudtrail.events
        assert only_mock(record_of(sm_metrics))["events"] == [second]

    def test_faults_with_hits_and_matches(self, sm_metrics):
        sm_metrics.fail_metrics("CONFLICT_ERROR", metric_name="acc")
        sm_metrics.fail_calls("ThrottlingException", after=1, times=1)
        send(sm_metrics, put(item()), put(item()), put(item()))
        assert only_mock(record_of(sm_metrics))["faults"] == [
            {
                "kind": "fail_metrics",
                "description": "fail_metrics('CONFLICT_ERROR', metric_name='acc')",
                "hits": 0,
                "matches": 0,
            },
            {
                "kind": "fail_calls",
                "description": "fail_calls('ThrottlingException', times=1, after=1)",
                "hits": 1,
                "matches": 3,
            },
        ]

    def test_trails(self, sm_metrics):
        create_trail = sm_metrics.cloudtrail.create_trail
        create_trail("good", advanced_event_selectors=SUGGESTED)
        create_trail("late", advanced_event_selectors=SUGGESTED).stop_logging()
        send(sm_metrics, put(item()))
        assert only_mock(record_of(sm_metrics))["trails"] == [
            "trail 'good' (all regions) holds 1 of 1 event",
            "trail 'late' (all regions) holds 0 of 1 event: none came while it was logging",
        ]


class TestACall:
    def test_accepted(self, sm_metrics):
        send(sm_metrics, put(item(), item("acc", 1, ...)))
        record = only_call(record_of(sm_metrics))
        assert record.pop("call") == sm_metrics.to_dict()["calls"][0]
        assert record == {
            "timestamp": NOON,
            "names": "'run-1'",
            "ending": "200",
            "items": ["loss", "acc"],
            "thread_name": "",
            "process_id": os.getpid(),
            "described": ["loss=0.5 at step 0", "acc=1.0"],
            "size": len(body(item(), item("acc", 1, ...))),
            "faults": [],
            "rejected": [],
            "unanswered": [],
        }

    def test_rejected(self, sm_metrics):
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=1)
        send(sm_metrics, put(item(), item(step=1), item(value=INFINITY, step=2)))
        record = only_call(record_of(sm_metrics))
        assert record["ending"] == "200, 2 in Errors"
        assert record["rejected"] == sm_metrics.to_dict()["rejected"]
        by_fault, by_rule = record["rejected"]
        assert (by_fault["code"], by_fault["injected"]) == ("CONFLICT_ERROR", True)
        assert (by_rule["code"], by_rule["injected"]) == ("VALIDATION_ERROR", False)
        assert by_rule["metric"]["value"] == INFINITY
        assert record["faults"] == ["fail_metrics('CONFLICT_ERROR', step=1)"]

    @pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"a": 1e400}', b'"\\ud800"', b""])
    def test_malformed(self, sm_metrics, content):
        send(sm_metrics, request(content))
        record = only_call(record_of(sm_metrics))
        assert record["ending"].startswith("400 ")
        assert (record["items"], record["described"]) == (None, None)
        assert record["size"] == len(content)

    def test_of_no_operation(self, sm_metrics):
        send(sm_metrics, request(b"{}", path="/BatchDropMetrics"))
        record = only_call(record_of(sm_metrics))
        assert record["call"]["operation"] is None
        assert record["ending"].startswith("404 UnknownOperationException: ")
        assert record["items"] is None

    def test_failed_by_a_fault(self, sm_metrics):
        sm_metrics.fail_calls("ThrottlingException")
        send(sm_metrics, put(item()))
        record = only_call(record_of(sm_metrics))
        assert record["ending"] == "400 ThrottlingException: Rate exceeded"
        assert record["call"]["error_code"] == "ThrottlingException"
        assert record["faults"] == ["fail_calls('ThrottlingException')"]
        assert only_mock(record_of(sm_metrics))["series"] == []

    def test_answered_with_bytes_that_are_no_text(self, sm_metrics):
        sm_metrics.fail_calls((200, b"\xff{"))
        send(sm_metrics, put(item()))
        record = only_call(record_of(sm_metrics))
        assert record["ending"] == "200, 2 bytes from a fault"
        assert record["call"]["response"] == "\\xff{"

    def test_without_an_answer(self, sm_metrics):
        sm_metrics.fail_calls(ReadTimeoutError, stored=True)
        send(sm_metrics, put(item()))
        record = only_call(record_of(sm_metrics))
        assert record["ending"] == "no answer, ReadTimeoutError"
        assert record["call"]["status_code"] is record["call"]["response"] is None
        [series] = only_mock(record_of(sm_metrics))["series"]
        assert series["values"] == [0.5]

    def test_queries(self, sm_metrics):
        sm_metrics.fail_queries("InternalError", metric_name="acc")
        found, missing, failing = query(), query("los"), query("acc")
        send(sm_metrics, put(item()), get_request(found, missing, failing))
        _, record = only_mock(record_of(sm_metrics))["calls"]
        assert record["ending"] == "200, 2 Complete, 1 InternalError"
        assert record["items"] == ["Last of loss", "Last of los", "Last of acc"]
        where = "of 'run-1' in us-east-1 by IterationNumber"
        assert record["described"][0] == f"Last of 'loss' {where}"
        nothing, failed = record["unanswered"]
        assert nothing == (
            f"Last of 'los' {where}: Complete, no values; "
            "trial component 'run-1' in us-east-1 holds no metric named 'los'\n  - closest: 'loss'"
        )
        assert failed == (
            f"Last of 'acc' {where}: InternalError, Internal server error. Please try again later."
        )


class TestLimits:
    @pytest.mark.parametrize(
        ("most", "steps"), [(None, [0, 1, 2]), (3, [0, 1, 2]), (2, [1, 2]), (1, [2]), (0, [])]
    )
    def test_the_last_calls_are_kept(self, sm_metrics, most, steps):
        send(sm_metrics, *[put(item(step=step)) for step in range(3)])
        mock = only_mock(record_of(sm_metrics, most=most))
        data = [call["call"]["parameters"]["MetricData"] for call in mock["calls"]]
        assert [metric["Step"] for [metric] in data] == steps
        assert mock["calls_left_out"] == 3 - len(steps)

    def test_the_first_series_are_kept(self, sm_metrics):
        send(sm_metrics, put(item("a"), item("b"), item("c"), item("b")))
        mock = only_mock(record_of(sm_metrics, most=2))
        assert [one["metric_name"] for one in mock["series"]] == ["a", "b"]
        assert mock["series_left_out"] == 1

    def test_events_are_left_out_with_a_limit(self, sm_metrics):
        send(sm_metrics, put(item()))
        assert only_mock(record_of(sm_metrics, most=10))["events"] == []

    def test_each_mock_has_its_own(self, sm_metrics):
        with mock_sm_metrics() as other:
            send(sm_metrics, put(item()), put(item()))
            send(other, put(item()))
            mocks = record_of(sm_metrics, other, most=1)["mocks"]
        assert [mock["calls_left_out"] for mock in mocks] == [1, 0]


def test_blocked_calls():
    blocked = ["BatchPutMetrics for trial component 'run-1' (call)"] * 2
    record = record_of(blocked=blocked)
    assert (record["mocks"], record["blocked_calls"]) == ([], blocked)
