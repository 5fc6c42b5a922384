"""Hostile, slow and broken clients: each gets an answer or a closed connection."""

from __future__ import annotations

import contextlib
import json
import select
import socket
from contextlib import ExitStack

import pytest

from pytest_sm_metrics import SageMakerMetricsServer

from .conftest import (
    connect,
    put_document,
    put_over_http,
    raw_connection,
    received,
    send,
)

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def _the_server_lives(sm_metrics, sm_metrics_server):
    yield
    assert send(sm_metrics_server.url, "GET", "/_sm_metrics/health").status == 200


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:8000", "api.localhost", "127.9.9.9"]
)
def test_hosts_of_this_machine(sm_metrics_server, host):
    assert put_over_http(sm_metrics_server.url, 0.5, Host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:80"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Host": "127.0.0.1@evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/BatchPutMetrics", "/_sm_metrics/reset"])
def test_requests_of_other_sites(sm_metrics, sm_metrics_server, headers, path):
    answer = send(sm_metrics_server.url, "PUT", path, put_document(0.5), **headers)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert "is refused: this server answers for localhost" in answer.json["message"]
    assert sm_metrics.calls == ()


def test_a_page_of_this_machine(sm_metrics_server):
    origin = {"Origin": "http://localhost:3000"}
    assert put_over_http(sm_metrics_server.url, 0.5, **origin).status == 200


def test_the_largest_body(sm_metrics, sm_metrics_server):
    body = json.dumps(put_document(0.5)).encode()
    answer = send(sm_metrics_server.url, "PUT", "/BatchPutMetrics", body.ljust(MIB))
    assert answer.status == 200
    answer = send(sm_metrics_server.url, "PUT", "/BatchPutMetrics", body.ljust(MIB + 1))
    assert answer.status == 413
    assert answer.headers["x-amzn-errortype"] == "RequestEntityTooLargeException"
    assert answer.json == {"message": "The body has more than 1048576 bytes"}
    assert len(sm_metrics.calls) == 1


def head(*lines):
    return "\r\n".join(
        ["PUT /BatchPutMetrics HTTP/1.1", "Host: localhost", *lines, "", ""]
    ).encode()


def test_an_endless_body(sm_metrics, sm_metrics_server):
    with raw_connection(sm_metrics_server.url) as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        chunk = b"%x\r\n%s\r\n" % (65536, b" " * 65536)
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                connection.sendall(chunk)
        assert connection.recv(12) == b"HTTP/1.1 413"
    assert sm_metrics.calls == ()


def test_a_chunked_body(sm_metrics, sm_metrics_server):
    body = json.dumps(put_document(0.5)).encode()
    with raw_connection(sm_metrics_server.url) as connection:
        connection.sendall(head("Transfer-Encoding: chunked", "Connection: close"))
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert received(connection).startswith(b"HTTP/1.1 200")
    assert list(sm_metrics) == ["run-1"]


def test_a_client_that_waits_before_it_sends_the_body(sm_metrics, sm_metrics_server):
    body = json.dumps(put_document(0.5)).encode()
    with raw_connection(sm_metrics_server.url) as connection:
        length = f"Content-Length: {len(body)}"
        connection.sendall(head(length, "Expect: 100-continue", "Connection: close"))
        assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert received(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",  # TLS
        b"hello\r\n\r\n",
        b"PUT /BatchPutMetrics HTTP/9.9\r\n\r\n",
        head("Content-Length: -1"),
        head("Content-Length: many"),
        head("Content-Length: 1", "Content-Length: 2"),
        head("Content-Length: 1", "Transfer-Encoding: chunked"),
        head("No colon"),
        head("Bad\x00name: 1"),
        head("X: " + "x" * 100_000),
        head(*(f"X-{number}: 1" for number in range(10_000))),
        b"PUT /" + b"x" * 100_000,
        head("Transfer-Encoding: chunked") + b"no number\r\n",
    ],
)
def test_malformed_http(sm_metrics, sm_metrics_server, caplog, sent):
    with raw_connection(sm_metrics_server.url) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = received(connection)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert sm_metrics.calls == ()
    assert caplog.records == []


def test_a_body_that_ends_early(sm_metrics, caplog):
    with SageMakerMetricsServer() as server:
        with raw_connection(server.url) as connection:
            connection.sendall(head("Content-Length: 100", "Expect: 100-continue") + b"{")
            assert connection.recv(1024).startswith(b"HTTP/1.1 100")
        assert put_over_http(server.url, 0.5).status == 200
    assert len(sm_metrics.calls) == 1
    assert caplog.records == []


@pytest.mark.parametrize("status", [200, 503])
def test_a_client_that_closes_its_side_after_a_request(sm_metrics, sm_metrics_server, status):
    if status == 503:
        sm_metrics.fail_calls("ServiceUnavailable", times=1)
    body = json.dumps(put_document(0.5)).encode()
    with raw_connection(sm_metrics_server.url) as connection:
        connection.sendall(head(f"Content-Length: {len(body)}") + body)
        connection.shutdown(socket.SHUT_WR)
        assert received(connection).startswith(b"HTTP/1.1 %d " % status)


def test_a_client_that_closes_its_side_while_its_call_is_held(sm_metrics, sm_metrics_server):
    body = json.dumps(put_document(0.5)).encode()
    with sm_metrics.hold_calls() as held, raw_connection(sm_metrics_server.url) as connection:
        connection.sendall(head(f"Content-Length: {len(body)}") + body)
        held.wait()
        connection.shutdown(socket.SHUT_WR)
        assert received(connection) == b""
        sm_metrics.wait_for(lambda sm_metrics: sm_metrics.calls)
    assert [call.error_code for call in sm_metrics.calls] == ["ConnectionAbortedError"]


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
def test_a_request_to_change_the_protocol(sm_metrics_server, protocol):
    upgrade = head("Connection: Upgrade", f"Upgrade: {protocol}")
    health = upgrade.replace(b"PUT /BatchPutMetrics", b"GET /_sm_metrics/health")
    with raw_connection(sm_metrics_server.url) as connection:
        connection.sendall(health + health)
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1") == 1


def beginning(connection):
    """Return the beginning of an answer; empty if the connection is reset before it is read."""
    try:
        return connection.recv(12)
    except ConnectionError:
        return b""


def test_many_bodies_on_their_way(sm_metrics, sm_metrics_server):
    with ExitStack() as stack:
        connections = []
        for _ in range(20):
            connection = stack.enter_context(raw_connection(sm_metrics_server.url))
            with contextlib.suppress(ConnectionError):  # it may be refused meanwhile
                connection.sendall(head(f"Content-Length: {MIB}") + b" " * (MIB - 1))
            connections.append(connection)
        refused, _, _ = select.select(connections, [], [], 20)
        assert refused
        assert {beginning(connection) for connection in refused} <= {b"HTTP/1.1 503", b""}
    assert put_over_http(sm_metrics_server.url, 0.5).status == 200
    assert len(sm_metrics.calls) == 1


@pytest.fixture
def impatient(sm_metrics, monkeypatch):
    """Return a server that closes idle connections at once."""
    monkeypatch.setattr("pytest_sm_metrics.server.connections.IDLE", 0.05)
    with SageMakerMetricsServer() as server:
        yield server


@pytest.mark.parametrize(
    "sent", [b"", b"PUT /BatchPutMetrics HTTP/1.1\r\nHost: ", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_idle_and_slow_clients_are_disconnected(impatient, sent):
    with raw_connection(impatient.url) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            received(connection)


def test_a_slow_body_is_an_error(impatient):
    with raw_connection(impatient.url) as connection:
        connection.sendall(head("Content-Length: 9") + b"{")
        assert connection.recv(12) == b"HTTP/1.1 408"


def test_a_long_wait_for_an_answer_is_not_idle(sm_metrics, impatient):
    sm_metrics.delay_calls(0.15)
    assert put_over_http(impatient.url, 0.5).status == 200


@pytest.mark.usefixtures("many_files")
def test_a_thousand_connections(sm_metrics, sm_metrics_server):
    body = json.dumps(put_document(0.5))
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(raw_connection(sm_metrics_server.url))
        connection = connect(sm_metrics_server.url)
        stack.callback(connection.close)
        for _ in range(3):
            connection.request("PUT", "/BatchPutMetrics", body)
            response = connection.getresponse()
            response.read()
            assert response.status == 200


def test_an_error_of_the_server_is_an_answer(sm_metrics_server, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("pytest_sm_metrics.server.handler.read_request", fail)
    answer = put_over_http(sm_metrics_server.url, 0.5)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (500, "InternalFailure")
    assert answer.json == {"message": "ZeroDivisionError: division by zero"}
