"""Many connections, and requests that no client would send: the server stays small, and lives."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import string
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_sm_metrics import SageMakerMetricsServer

from .conftest import put_document, put_over_http, raw_connection, received, serving

MIB = 1024 * 1024
CONNECTIONS = 1000
REQUESTS = 10_000
HEAD = b"PUT /BatchPutMetrics HTTP/1.1\r\nHost: localhost\r\n"


# Memory


def memory(process, field):
    """Return a field of /proc/<pid>/status, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [kibibytes] = [line.split()[1] for line in status.splitlines() if line.startswith(f"{field}:")]
    return int(kibibytes) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(
    ("begin", "chunk", "chunks"),
    [
        (b"", b"", 0),
        (HEAD + b"Content-Length: 1000000\r\n\r\n", b" " * 4096, 30),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n%s\r\n" % (b" " * 4096), 30),
        (HEAD, b"X: %s\r\n" % (b"x" * 1000), 60),
        (HEAD, b"X: 1\r\n", 120),
    ],
    ids=["idle", "bodies", "chunks", "headers", "short headers"],
)
def test_memory_of_a_thousand_connections(begin, chunk, chunks):
    with serving() as process, ExitStack() as stack:
        assert put_over_http(process.url, 0.5).status == 200
        before = memory(process, "VmRSS")
        connections = [stack.enter_context(raw_connection(process.url)) for _ in range(CONNECTIONS)]
        for connection in connections:
            connection.sendall(begin)
            connection.setblocking(False)
        for _ in range(chunks):
            for connection in connections:
                with contextlib.suppress(OSError):  # it is full, or closed
                    connection.send(chunk)
        assert put_over_http(process.url, 0.5).status == 200
        assert memory(process, "VmHWM") - before < 50 * MIB
        process.terminate()
        assert process.wait(timeout=20) == 0


# Requests at random

PATHS = [
    "/BatchPutMetrics",
    "/BatchGetMetrics",
    "/",
    "*",
    "http://localhost/BatchPutMetrics",
    "/_sm_metrics/state",
    "/_sm_metrics/cloudtrail/events",
    "/_sm_metrics/check",
    "/_sm_metrics/reset",
    "/_sm_metrics/faults",
    "/_sm_metrics/faults/1",
    "/_sm_metrics/faults/%00/../..",
    "/%ff%fe?%zz#",
]
METHODS = ["PUT", "PUT", "PUT", "POST", "POST", "GET", "DELETE", "HEAD", "TRACE", "BREW"]
HEADERS = [
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "Expect",
    "Connection",
    "Cookie",
    "Range",
    "amz-sdk-request",
    "amz-sdk-invocation-id",
    "x-sm-metrics-region",
    "x-sm-metrics-process-id",
    "User-Agent",
    "Transfer-Encoding",
]
VALUES = ["", "100-continue", "gzip", "close", "attempt=9", "bytes=0-", "é"]


def any_json(chance, depth=0):
    """Return a JSON value of any type."""
    simple = [None, True, -1, 1e308, 2**70, float("nan"), "", "loss", "run-1", "\ud800", "\x00é"]
    if depth < 4 and chance.random() < 0.4:
        return [any_json(chance, depth + 1) for _ in range(chance.randrange(4))]
    if depth < 4 and chance.random() < 0.4:
        names = ["MetricName", "Value", "Step", "kind", "error", "times", "pattern", "x"]
        return {chance.choice(names): any_json(chance, depth + 1) for _ in range(3)}
    return chance.choice(simple)


def any_body(chance):
    """Return bytes, JSON, or a request in which one value is of a wrong type."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(300))
    if kind == 1:
        return json.dumps(any_json(chance)).encode()
    if kind == 2:
        fault = {"kind": chance.choice(["fail_calls", "fail_metrics", "fail_queries", "x", None])}
        fault[chance.choice(["error", "code", "times", "step", "region"])] = any_json(chance)
        return json.dumps(fault).encode()
    document = put_document(0.5, 0.4)
    place = chance.choice([document, document["MetricData"][1]])
    place[chance.choice(list(place))] = any_json(chance)
    queries = {"MetricQueries": any_json(chance)}
    return json.dumps(chance.choice([document, queries])).encode()


def any_request(chance):
    """Return the bytes of a request; most are HTTP."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(1, 300))
    body = any_body(chance)
    path = chance.choice([*PATHS, *PATHS[:2] * 5])
    lines = [f"{chance.choice(METHODS)} {path} HTTP/1.{chance.choice('110')}"]
    if chance.random() < 0.9:
        lines.append("Host: localhost")
    if chance.random() < 0.95:
        lines.append(f"Content-Length: {len(body) + chance.choice([0] * 9 + [-1, 1])}")
    for _ in range(chance.randrange(3)):
        letters = chance.choice([string.ascii_letters, string.ascii_letters, string.printable])
        text = "".join(chance.choices(letters, k=chance.randrange(20)))
        lines.append(f"{chance.choice(HEADERS)}: {chance.choice([*VALUES, text])}")
    return "\r\n".join([*lines, "", ""]).encode() + body


LAST_REQUEST = b"GET /_sm_metrics/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def answer_to(url, request):
    """Return the answers to a request and to one more, after which the connection is closed."""
    with raw_connection(url) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(request + LAST_REQUEST)
        return received(connection)
    return b""


@pytest.mark.sm_metrics(unused_faults="ignore")
def test_requests_at_random(sm_metrics, caplog):
    chance = random.Random(16)
    threads, files = set(threading.enumerate()), open_files()
    with SageMakerMetricsServer() as server:
        for _ in range(REQUESTS):
            request = any_request(chance)
            answers = answer_to(server.url, request)
            assert answers == b"" or answers.startswith(b"HTTP/1."), request
            assert b"HTTP/1.1 500" not in answers, (request, answers)
        sm_metrics.reset()
        assert put_over_http(server.url, 0.5).status == 200
    assert caplog.records == []
    assert (set(threading.enumerate()), open_files()) == (threads, files)


def open_files():
    gc.collect()
    return len(os.listdir("/dev/fd"))


def test_a_request_to_upgrade_is_answered(sm_metrics_server):
    upgrade = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"
    for protocol in (b"websocket", b"h2c"):
        with raw_connection(sm_metrics_server.url) as connection:
            connection.sendall(upgrade % protocol)
            assert connection.recv(12) == b"HTTP/1.1 404"
