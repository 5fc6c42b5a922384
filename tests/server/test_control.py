"""The control API, as a test in another language uses it."""

from __future__ import annotations

import inspect
import json
import re
import sys
import threading
from importlib.metadata import version

import pytest

from pytest_sm_metrics.server.json_faults import _KINDS, ACCEPTED

from .conftest import put_over_http, send


@pytest.fixture
def api(sm_metrics, sm_metrics_server):
    """Return a function that sends a request to the control API."""

    def call(method, path, document=None):
        return send(sm_metrics_server.url, method, f"/_sm_metrics/{path}", document)

    return call


def test_health(api):
    answer = api("GET", "health")
    assert (answer.status, answer.json) == (
        200,
        {"status": "ok", "version": version("pytest-sm-metrics")},
    )


def test_health_without_the_body(sm_metrics_server):
    answer = send(sm_metrics_server.url, "HEAD", "/_sm_metrics/health")
    assert (answer.status, answer.body) == (200, b"")


def test_health_without_a_mock(sm_metrics_endpoint):
    assert send(sm_metrics_endpoint.url, "GET", "/_sm_metrics/health").json["status"] == "ok"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "state"), ("POST", "faults"), ("DELETE", "faults/1")]
)
def test_without_a_mock(sm_metrics_endpoint, method, path):
    answer = send(sm_metrics_endpoint.url, method, f"/_sm_metrics/{path}")
    assert (answer.status, "no mock of SageMaker Metrics is on" in answer.json["message"]) == (
        400,
        True,
    )


def test_state_is_the_mock_as_plain_data(api, sm_metrics, sm_metrics_server):
    put_over_http(sm_metrics_server.url, 0.9, "NaN")
    assert api("GET", "state").json == json.loads(json.dumps(sm_metrics.to_dict()))


def test_events_are_those_of_cloudtrail(api, sm_metrics, sm_metrics_server):
    put_over_http(sm_metrics_server.url, 0.9, "Infinity")
    events = api("GET", "cloudtrail/events").json
    assert events == {"Records": sm_metrics.cloudtrail.events}
    assert len(events["Records"]) == 1


def test_reset(api, sm_metrics, sm_metrics_server):
    put_over_http(sm_metrics_server.url, 0.9)
    answer = api("POST", "reset")
    assert (answer.status, answer.body) == (204, b"")
    assert sm_metrics.calls == ()


@pytest.mark.sm_metrics(rejected_metrics="error")
def test_check_returns_each_finding_once(api, sm_metrics_server):
    put_over_http(sm_metrics_server.url, "NaN")
    [finding] = api("POST", "check").json["findings"]
    assert finding.startswith("1 metric was rejected")
    assert api("POST", "check").json == {"findings": []}


def test_a_fault_from_its_addition_to_its_removal(api, sm_metrics, sm_metrics_server):
    added = api("POST", "faults", {"kind": "fail_calls", "error": "ThrottlingException"})
    fault = added.json
    assert (added.status, fault["hits"], fault["matches"]) == (201, 0, 0)
    assert put_over_http(sm_metrics_server.url, 0.9).status == 400
    described = {"kind": "fail_calls", "description": "fail_calls('ThrottlingException')"}
    assert api("GET", "faults").json == {
        "faults": [{"id": fault["id"], **described, "hits": 1, "matches": 1}]
    }
    assert api("DELETE", f"faults/{fault['id']}").status == 204
    assert api("GET", "faults").json == {"faults": []}
    assert put_over_http(sm_metrics_server.url, 0.9).status == 200
    again = api("DELETE", f"faults/{fault['id']}")
    assert (again.status, again.json["message"]) == (
        404,
        f"no fault {fault['id']!r} is in force; there is none.",
    )


@pytest.mark.parametrize(
    ("document", "description"),
    [
        (
            {"kind": "fail_metrics", "code": "CONFLICT_ERROR", "metric_name": "loss", "step": 3},
            "fail_metrics('CONFLICT_ERROR', metric_name='loss', step=3)",
        ),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "trial_component": {"pattern": "^run-"}},
            "fail_calls('NoAnswer', trial_component=re.compile('^run-'))",
        ),
        (
            {"kind": "fail_calls", "error": [409, "ConflictException"], "times": 2, "after": 1},
            "fail_calls((409, 'ConflictException'), times=2, after=1)",
        ),
        (
            {"kind": "fail_calls", "error": [502, {"body": "<html>"}], "region": None},
            "fail_calls((502, b'<html>'))",
        ),
        (
            {"kind": "fail_queries", "status": "InternalError", "message": "later"},
            "fail_queries('InternalError', message='later')",
        ),
        (
            {"kind": "delay_calls", "seconds": 0.5, "probability": 0.5},
            "delay_calls(0.5, probability=0.5)",
        ),
        ({"kind": "hold_calls", "timeout": 9}, "hold_calls(timeout=9)"),
    ],
)
def test_kinds_of_faults(api, document, description):
    if document["kind"] != "fail_queries":
        document["optional"] = True
        description = description[:-1] + ", optional=True)"
    answer = api("POST", "faults", document)
    assert answer.status == 201, answer.json
    assert answer.json["description"].replace("(, ", "(") == description
    if document["kind"] == "fail_queries":
        api("POST", "reset")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"no JSON", "the body is 'no JSON'; accepted is a JSON object with the key kind."),
        ([], "the body is '[]'; accepted is a JSON object with the key kind."),
        ({}, "kind is null; accepted is one of: fail_metrics, fail_calls, "),
        ({"kind": "fail"}, 'kind is "fail"; accepted is one of: fail_metrics, '),
        ({"kind": ["fail_calls"]}, 'kind is ["fail_calls"]; accepted is one of: '),
        ({"kind": "fail_calls"}, "fail_calls needs the key 'error': an error code, [status, "),
        (
            {"kind": "fail_calls", "error": "Throttling"},
            "unknown error code 'Throttling'; did you mean 'ThrottlingException'?",
        ),
        ({"kind": "fail_calls", "error": 400}, "error is 400; accepted is an error code, ["),
        ({"kind": "fail_calls", "error": [400]}, "error is [400]; accepted is an error code"),
        (
            {"kind": "fail_calls", "error": [200, "Code"]},
            'error is [200, "Code"]; accepted is an error code, [status, code] with a status from '
            "400 to 599, or [status, ",
        ),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "time": 2},
            "unknown key 'time' of fail_calls; did you mean 'times'? The keys are: kind, error, ",
        ),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "times": 0},
            "times is 0; accepted is a whole number from 1, or null",
        ),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "region": 3},
            'region is 3; accepted is a string, {"pattern": "..."} with a regular expression',
        ),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "region": {"pattern": "("}},
            "region has the pattern '(': missing )",
        ),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "operation": "PutMetrics"},
            "unknown operation 'PutMetrics'; did you mean 'BatchPutMetrics'?",
        ),
        (
            {"kind": "fail_metrics", "code": ["CONFLICT_ERROR"]},
            'code is ["CONFLICT_ERROR"]; accepted is an error code of a metric: METRIC_LIMIT_',
        ),
        (
            {"kind": "fail_metrics", "code": "CONFLICT_ERROR", "step": "3"},
            'step is "3"; accepted is a whole number from 0, or null for any.',
        ),
        ({"kind": "fail_queries", "status": {}}, "status is {}; accepted is the Status of a query"),
        ({"kind": "delay_calls", "seconds": -1}, "seconds is -1; accepted is a number from 0."),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "stored": "yes"},
            'stored is "yes"; accepted is true or false.',
        ),
        (
            {"kind": "fail_calls", "error": "NoAnswer", "message": "gone"},
            'message is "gone"; accepted is a string or null; in fail_calls, ',
        ),
        (
            {"kind": "fail_calls", "error": "Nope"},
            "For any other code: [status, code]; the codes are: ThrottlingException, ",
        ),
        (
            {"kind": "fail_calls", "error": "ReadTimeoutError"},
            "unknown error code 'ReadTimeoutError', which is an exception: exceptions cannot be "
            'given in JSON; the errors "NoAnswer" and "ConnectionReset" stand for a lost answer.',
        ),
        (
            {"kind": "fail_metrics", "code": "ThrottlingException"},
            "unknown code 'ThrottlingException' of a metric; fail_calls takes it.",
        ),
    ],
)
def test_wrong_faults(api, document, message):
    answer = api("POST", "faults", document)
    assert answer.status == 400
    assert message in answer.json["message"]
    assert api("GET", "faults").json == {"faults": []}


@pytest.mark.parametrize("make", _KINDS.values(), ids=list(_KINDS))
def test_each_key_has_its_accepted_values_in_json(make):
    keys = inspect.signature(make).parameters
    assert not keys - ACCEPTED.keys()
    words = " ".join(ACCEPTED[key] for key in keys)
    assert not re.search(r"None|True|False|bytes|tuple|predicate|\(status", words)


def test_held_calls_are_answered_when_the_fault_is_deleted(api, sm_metrics, sm_metrics_server):
    held = api("POST", "faults", {"kind": "hold_calls"}).json
    sm_metrics_fault = sm_metrics.faults[0]
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(put_over_http(sm_metrics_server.url, 0.9).status)
    )
    thread.start()
    sm_metrics_fault.wait(n=1)
    assert api("DELETE", f"faults/{held['id']}").status == 204
    thread.join()
    assert answers == [200]


def test_a_hold_that_never_ends_is_a_finding_that_names_the_request_that_ends_it(
    api, sm_metrics_server
):
    held = api("POST", "faults", {"kind": "hold_calls", "timeout": 0.05}).json
    answer = put_over_http(sm_metrics_server.url, 0.5)
    advice = (
        "a call was held for 0.05 seconds by hold_calls(timeout=0.05): no request deleted the "
        f"fault in that time. Send DELETE /_sm_metrics/faults/{held['id']} while the call waits, "
        "or hold the call longer (the key timeout)."
    )
    assert (answer.status, answer.json["message"]) == (500, f"RuntimeError: {advice}")
    [finding] = api("POST", "check").json["findings"]
    assert finding.startswith(advice)
    assert api("POST", "check").json == {"findings": []}


def test_unknown_paths_and_methods(api, sm_metrics):
    answer = api("GET", "stat")
    assert answer.status == 404
    assert "the paths are: /_sm_metrics/health, /_sm_metrics/state" in answer.json["message"]
    answer = api("GET", "reset")
    assert answer.status == 405
    assert answer.json["message"] == "GET /_sm_metrics/reset is unknown; the methods are: POST"
    assert api("DELETE", "faults").status == 405
    assert sm_metrics.calls == ()


class TestTheLivePage:
    @pytest.fixture(autouse=True)
    def _needs_the_extra(self):
        pytest.importorskip("jinja2", reason="the extra report is not installed")

    def test_it_shows_the_innermost_mock(self, api, sm_metrics_server):
        put_over_http(sm_metrics_server.url, 0.5, run="run-of-the-page")
        answer = api("GET", "")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert b"run-of-the-page" in answer.body
        assert b"connect-src 'self'" in answer.body.replace(b"&#39;", b"'")

    def test_its_address_may_lack_the_last_slash(self, sm_metrics, sm_metrics_server):
        answer = send(sm_metrics_server.url, "GET", "/_sm_metrics")
        assert (answer.status, answer.headers["Location"]) == (308, "/_sm_metrics/")
        assert sm_metrics.calls == ()

    def test_it_asks_for_newer_data(self, api, sm_metrics_server):
        assert api("GET", "report").json["counts"]["calls"] == 0
        put_over_http(sm_metrics_server.url, 0.5, "NaN")
        data = api("GET", "report").json
        assert data["counts"] == {"calls": 1, "metrics": 1, "rejected": 1, "unread": 0}
        [test] = data["tests"]
        assert test["series"][0]["values"] == [0.5]
        assert data["rows"][0]["test"].endswith("test_it_asks_for_newer_data")

    def test_without_a_mock(self, sm_metrics_endpoint):
        answer = send(sm_metrics_endpoint.url, "GET", "/_sm_metrics/")
        assert (answer.status, b"No mock is on." in answer.body) == (200, True)
        assert send(sm_metrics_endpoint.url, "GET", "/_sm_metrics/report").status == 400


def test_the_live_page_without_its_extra_names_it(api, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    answer = api("GET", "")
    assert answer.status == 501
    assert "pip install 'pytest-sm-metrics[report]'" in answer.json["message"]
