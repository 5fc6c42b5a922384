"""Beside vcrpy: while a cassette answers, calls are not blocked."""

from __future__ import annotations

import pytest

from pytest_sm_metrics import UnmockedCallError
from pytest_sm_metrics.aws.interception import block

from ..logging_metrics import client_in, metric, put

vcr = pytest.importorskip("vcr", reason="needs the extra compat")

CASSETTE = """
interactions:
- request: {body: '', headers: {}, method: PUT, uri: 'URI'}
  response:
    body: {string: '{"Errors": []}'}
    headers: {Content-Type: [application/json]}
    status: {code: 200, message: OK}
version: 1
"""
URI = "https://metrics.sagemaker.us-east-1.amazonaws.com/BatchPutMetrics"


def test_a_cassette_passes_the_block(tmp_path, network):
    cassette = tmp_path / "cassette.yaml"
    cassette.write_text(CASSETTE.replace("URI", URI))
    restore = block(lambda operation, body: UnmockedCallError(operation))
    try:
        with vcr.use_cassette(str(cassette), record_mode="none", match_on=["method", "uri"]):
            assert put(client_in("us-east-1"), "run-1", metric())["Errors"] == []
        with pytest.raises(UnmockedCallError):
            put(client_in("us-east-1"), "run-1", metric())
    finally:
        restore()
    assert network == []
