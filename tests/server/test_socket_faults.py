"""Faults on the socket, as clients without botocore see them, and as real clients do."""

from __future__ import annotations

import http.client
import json
import threading

import botocore.exceptions
import pytest

from pytest_sm_metrics import SageMakerMetricsServer

from .conftest import (
    connect,
    put_document,
    put_over_http,
    raw_connection,
    received,
    run_training,
)

RAISED = """
try:
    print(put("run-1", 0.5, timeout=1))
except Exception as error:
    print(type(error).__name__)
"""


def test_a_lost_answer_is_a_closed_connection(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls(botocore.exceptions.ReadTimeoutError, stored=True)
    with pytest.raises(http.client.RemoteDisconnected):
        put_over_http(sm_metrics_server.url, 0.5)
    assert sm_metrics["run-1"]["loss"].values == [0.5]
    assert sm_metrics.calls[0].error_code == "ReadTimeoutError"


def test_a_reset(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls("ConnectionReset")
    with pytest.raises(ConnectionResetError):
        put_over_http(sm_metrics_server.url, 0.5)
    assert run_training(sm_metrics_server, RAISED) == "ConnectionClosedError"
    assert {call.error_code for call in sm_metrics.calls} == {"ConnectionClosedError"}
    assert list(sm_metrics) == []


def test_a_truncated_body(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls("TruncatedBody", stored=True)
    with pytest.raises(http.client.IncompleteRead) as raised:
        put_over_http(sm_metrics_server.url, 0.5)
    assert raised.value.partial == b'{"Error'
    assert sm_metrics["run-1"]["loss"].values == [0.5]


def test_boto3_reads_a_truncated_body_as_a_success_without_errors(sm_metrics, sm_metrics_server):
    """botocore switches urllib3's check of Content-Length off: httpsession.py."""
    sm_metrics.fail_calls("TruncatedBody")
    printed = run_training(sm_metrics_server, 'print("Errors" in put("run-1", 0.5))')
    assert printed == "False"


def test_no_answer(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls("NoAnswer")
    assert run_training(sm_metrics_server, RAISED) == "ReadTimeoutError"
    assert sm_metrics.calls[0].error_code == "ReadTimeoutError"


def test_no_answer_is_bounded(sm_metrics, sm_metrics_server, monkeypatch):
    monkeypatch.setattr("pytest_sm_metrics.server.responses.LONGEST_SILENCE", 0.05)
    sm_metrics.fail_calls("NoAnswer")
    with pytest.raises(http.client.RemoteDisconnected):
        put_over_http(sm_metrics_server.url, 0.5)


def test_a_raw_answer(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls((502, b"<html>Bad Gateway</html>"))
    answer = put_over_http(sm_metrics_server.url, 0.5)
    assert (answer.status, answer.body) == (502, b"<html>Bad Gateway</html>")


@pytest.mark.parametrize("status", [204, 304, 599])
def test_raw_answers_of_any_status_end(sm_metrics, sm_metrics_server, status):
    sm_metrics.fail_calls((status, b"body"))
    assert put_over_http(sm_metrics_server.url, 0.5).status == status


def test_latency_is_real(sm_metrics, sm_metrics_server):
    sm_metrics.delay_calls(30)
    assert run_training(sm_metrics_server, RAISED) == "ReadTimeoutError"
    sm_metrics.wait_for(lambda it: it.calls[0].error_code == "ConnectionAbortedError")
    assert sm_metrics["run-1"]["loss"].values == [0.5]  # the service took the data


def test_a_delay_that_the_client_can_wait_for(sm_metrics, sm_metrics_server):
    sm_metrics.delay_calls(0.01, times=1)
    assert put_over_http(sm_metrics_server.url, 0.5).status == 200
    assert sm_metrics.calls[0].status_code == 200


@pytest.mark.sm_metrics(concurrent_writes="conflict")
def test_calls_are_held_in_flight(sm_metrics, sm_metrics_server):
    answers = []
    url = sm_metrics_server.url
    first = threading.Thread(target=lambda: answers.append(put_over_http(url, 0.9).json))
    with sm_metrics.hold_calls(trial_component="run-1", times=1) as held:
        first.start()
        held.wait(n=1)
        answers.append(put_over_http(url, 0.5).json)
    first.join()
    assert answers == [{"Errors": [{"Code": "CONFLICT_ERROR", "MetricIndex": 0}]}, {"Errors": []}]
    assert sm_metrics["run-1"]["loss"].values == [0.9]


def test_many_calls_are_held_without_blocking_the_server(sm_metrics, sm_metrics_server):
    body = json.dumps(put_document(0.5))
    connections = [connect(sm_metrics_server.url) for _ in range(50)]
    with sm_metrics.hold_calls(times=50, timeout=20) as held:
        for connection in connections:
            connection.request("PUT", "/BatchPutMetrics", body)
        held.wait(n=50)
        assert put_over_http(sm_metrics_server.url, 0.5).status == 200
    assert [connection.getresponse().status for connection in connections] == [200] * 50
    for connection in connections:
        connection.close()


def test_a_client_that_leaves_ends_the_wait(sm_metrics, sm_metrics_server):
    body = json.dumps(put_document(0.5)).encode()
    head = (
        f"PUT /BatchPutMetrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with sm_metrics.hold_calls() as held:
        with raw_connection(sm_metrics_server.url) as connection:
            connection.sendall(head.encode() + body)
            held.wait(n=1)
        sm_metrics.wait_for(lambda it: it.calls[0].error_code == "ConnectionAbortedError")
    assert list(sm_metrics) == []


def test_the_end_of_the_server_ends_the_wait(sm_metrics):
    body = json.dumps(put_document(0.5)).encode()
    head = (
        f"PUT /BatchPutMetrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with sm_metrics.hold_calls() as held:
        with SageMakerMetricsServer() as server:
            connection = raw_connection(server.url)
            connection.sendall(head.encode() + body)
            held.wait(n=1)
    received(connection)
    connection.close()
    assert [call.status_code for call in sm_metrics.calls] == [None]


def test_a_hold_that_never_ends_is_an_error(sm_metrics, sm_metrics_server):
    with sm_metrics.hold_calls(timeout=0.05):
        answer = put_over_http(sm_metrics_server.url, 0.5)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (500, "InternalFailure")
    assert "a call was held for 0.05 seconds" in answer.json["message"]
    [found] = sm_metrics._findings.take()
    assert found.startswith("a call was held for 0.05 seconds by hold_calls(timeout=0.05)")


def test_an_exception_in_a_predicate_is_an_answer(sm_metrics, sm_metrics_server, caplog):
    def predicate(name):
        raise LookupError("no such name")

    sm_metrics.fail_calls("ThrottlingException", trial_component=predicate, optional=True)
    answer = put_over_http(sm_metrics_server.url, 0.5)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (500, "InternalFailure")
    assert answer.json == {"message": "LookupError: no such name"}
    assert "PUT /BatchPutMetrics raised an exception" in caplog.text
    [call] = sm_metrics.calls
    assert (call.status_code, call.error_code) == (None, "LookupError")
    [found] = sm_metrics._findings.take()
    assert found.startswith("the predicate of a fault's filter trial_component raised LookupError")


def test_the_traceback_of_a_predicate_is_logged_once(sm_metrics, sm_metrics_server, caplog):
    def predicate(name):
        raise LookupError("no such name")

    sm_metrics.fail_calls("ThrottlingException", trial_component=predicate, optional=True)
    run_training(
        sm_metrics_server,
        """
try:
    put("run-1", 0.5, retries=2)
except Exception:
    pass
""",
    )
    assert [call.attempt for call in sm_metrics.calls] == [1, 2, 3]
    assert caplog.text.count("Traceback (most recent call last)") == 1
    [found] = sm_metrics._findings.take()
    assert found.endswith("(3 times)")


def test_a_failure_of_pytests_in_a_predicate_is_an_answer(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls(
        "ThrottlingException", region=lambda region: pytest.fail("wrong region"), optional=True
    )
    answer = put_over_http(sm_metrics_server.url, 0.5)
    assert (answer.status, answer.json) == (500, {"message": "Failed: wrong region"})
    assert [call.error_code for call in sm_metrics.calls] == ["Failed"]
    assert len(sm_metrics._findings.take()) == 1
