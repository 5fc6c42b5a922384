"""Any bytes, method and path get an answer of AWS's form, in process and over HTTP.

`SM_METRICS_FUZZ` is the number of inputs; the session `fuzz` of nox tries a million.
"""

from __future__ import annotations

import http.client
import json
import os
import random
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.cloudtrail.cloudtrail import CloudTrail
from pytest_sm_metrics.reading.plain import plain_call
from pytest_sm_metrics.service.service import Service
from pytest_sm_metrics.settings import Settings

from ..requests import body, get_request, item, query, request
from ..server.conftest import network  # noqa: F401

INPUTS = int(os.environ.get("SM_METRICS_FUZZ", "10000"))
OVER_HTTP = max(INPUTS // 10, 500)
ROUND = 500  # inputs to one service
STATUSES = {200, 400, 404}
PATHS = ["/BatchPutMetrics", "/BatchGetMetrics", "/", "/BatchPutMetrics/", "/%00", "/é?x=1"]
METHODS = ["PUT", "POST", "GET", "DELETE", "put"]
VALID = [
    body(item()),
    body(item(), item("acc", 1, ...), item(value="NaN", step=1)),
    body(*[item(f"m{one}", step=one) for one in range(10)]),
    get_request(query(), query("acc", "Avg", "OneMinute", Start=0, End=2**40)).body,
    get_request(*[query(stat=one) for one in ("Min", "Max", "Count", "StdDev")]).body,
]
TOKENS = [
    *(b"null", b"NaN", b"Infinity", b"-0", b"1e400", b"-1e400", b"0.1", b"true", b"[]", b"{}"),
    *(b'""', b'"\\ud800"', b'"\\u0000"', b'"x"', b"2147483648", b"9" * 400, b"[" * 2000, b","),
    *(b"\xff", b"\xef\xbb\xbf", b"\x00", b'"Value"', b'"Step": -1', b'"MetricName": 7', b"\n"),
    b'"' + b"a" * 3000 + b'"',
]


def mutated(draw, valid):
    """Return a request body with some random changes."""
    content = bytearray(valid)
    for _ in range(draw.randrange(4)):
        start = draw.randrange(len(content) + 1)
        end = min(len(content), start + draw.choice([0, 1, 1, 5, 40]))
        kind = draw.randrange(4)
        if kind == 0:
            content[start:end] = draw.choice(TOKENS)
        elif kind == 1:
            del content[start:end]
        elif kind == 2:
            content[start:start] = content[start:end]
        elif start < len(content):
            content[start] ^= 1 << draw.randrange(8)
    return bytes(content)


def inputs(seed, number):
    """Return method, path and body of random requests, most of them nearly valid."""
    draw = random.Random(seed)
    for _ in range(number):
        content = mutated(draw, draw.choice(VALID))
        is_get = b"MetricQueries" in content
        usual = ("POST", "/BatchGetMetrics") if is_get else ("PUT", "/BatchPutMetrics")
        odd = (draw.choice(METHODS), draw.choice(PATHS))
        yield (*(odd if draw.random() < 0.1 else usual), content)


def check_answer(status, headers, content):
    """Check that an answer has AWS's form; return its JSON."""
    assert status in STATUSES
    assert UUID(headers["x-amzn-requestid"])
    document = json.loads(content, parse_constant=pytest.fail)
    if status == 200:
        assert document.keys() in ({"Errors"}, {"MetricQueryResults"})
    else:
        assert headers["x-amzn-errortype"]
        assert isinstance(document["message"], str)
    return document


@pytest.mark.parametrize("seed", range(max(INPUTS // ROUND, 1)))
def test_in_process(seed):
    service = Service(Settings(metric_limit=50), "test")
    expected = 0
    for method, path, content in inputs(seed, min(ROUND, INPUTS)):
        answer = service.answer(request(content, method=method, path=path))
        headers = {name.lower(): value for name, value in answer.headers.items()}
        document = check_answer(answer.status, headers, answer.body)
        call = service.calls[-1]
        if "Errors" in document:
            rejected = {error["MetricIndex"] for error in document["Errors"]}
            assert len(rejected) == len(document["Errors"])
            assert rejected <= set(range(len(call.parsed.names)))
            expected += len(call.parsed.names) - len(rejected)
        json.dumps(plain_call(call), allow_nan=False).encode()
        assert repr(call)
    assert sum(component.count for component in service.components()) == expected
    assert len(service.calls) == min(ROUND, INPUTS)
    assert json.dumps(CloudTrail(service).events)


def test_over_http():
    pytest.importorskip("aiohttp", reason="needs the extra server")
    with mock_sm_metrics() as sm_metrics, sm_metrics.serve() as server:
        address = urlsplit(server.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        sent = 0
        for method, path, content in inputs("http", OVER_HTTP):
            if not path.isascii() or not method.isupper():
                continue  # http.client refuses it
            connection.request(method, path, content)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            check_answer(response.status, headers, response.read())
            sent += 1
        connection.close()
    assert len(sm_metrics.calls) == sent
    assert json.dumps(sm_metrics.to_dict(), allow_nan=False)
