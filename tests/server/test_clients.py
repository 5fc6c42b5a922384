"""Real clients in child processes, and the life of the server."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import boto3
import pytest

import pytest_sm_metrics
from pytest_sm_metrics import SageMakerMetricsServer, mock_sm_metrics

from ..requests import EPOCH_SECONDS
from .conftest import put_document, put_over_http, run_training, send


def test_a_child_process(sm_metrics, sm_metrics_server):
    assert run_training(sm_metrics_server, 'print(put("run-1", 0.9, 0.5)["Errors"])') == "[]"
    assert sm_metrics["run-1"]["loss"].values == [0.9, 0.5]
    [call] = sm_metrics.calls
    assert (call.operation, call.region, call.attempt) == ("BatchPutMetrics", "us-east-1", 1)
    assert call.user_agent.startswith("Boto3/")
    assert call.request_id


def test_region_and_access_key_are_those_of_the_signature(sm_metrics, sm_metrics_server):
    run_training(sm_metrics_server, 'put("run-1", 0.5, region="eu-west-1")')
    assert sm_metrics["run-1"].region == "eu-west-1"
    [event] = sm_metrics.cloudtrail.events
    assert event["userIdentity"]["accessKeyId"] == sm_metrics_server.env["AWS_ACCESS_KEY_ID"]


def test_retries_share_an_invocation(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls("ThrottlingException", times=1)
    run_training(sm_metrics_server, 'put("run-1", 0.5, retries=2)')
    assert [call.attempt for call in sm_metrics.calls] == [1, 2]
    assert len({call.invocation_id for call in sm_metrics.calls}) == 1


def test_errors_are_those_of_the_service(sm_metrics, sm_metrics_server):
    sm_metrics.fail_calls("AccessDeniedException")
    script = """
try:
    put("run-1", 0.5)
except Exception as error:
    print(type(error).__name__, error.response["Error"]["Code"])
    print(error.response["ResponseMetadata"]["RequestId"])
"""
    printed = run_training(sm_metrics_server, script).splitlines()
    assert printed == ["ClientError AccessDeniedException", sm_metrics.calls[0].request_id]


@pytest.mark.sm_metrics(metric_limit=1)
def test_the_settings_of_the_mock_hold(sm_metrics, sm_metrics_server):
    answer = put_over_http(sm_metrics_server.url, 0.9, 0.5).json
    assert answer == {"Errors": [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 1}]}


def test_answers_have_the_headers_of_aws(sm_metrics, sm_metrics_server):
    answer = put_over_http(sm_metrics_server.url, 0.5)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["x-amzn-requestid"] == sm_metrics.calls[0].request_id
    assert answer.headers["Date"].endswith(" GMT")


def test_the_date_is_the_frozen_one(sm_metrics, sm_metrics_server):
    freezegun = pytest.importorskip("freezegun")
    with freezegun.freeze_time("2026-09-01 12:00:00"):
        sm_metrics.delay_calls(0.001)  # a wait ends in frozen time, too
        answer = put_over_http(sm_metrics_server.url, 0.5)
    assert answer.headers["Date"] == "Tue, 01 Sep 2026 12:00:00 GMT"
    assert sm_metrics.calls[0].timestamp.timestamp() == EPOCH_SECONDS


def test_waits_end_beside_time_machine(sm_metrics, sm_metrics_server):
    time_machine = pytest.importorskip("time_machine")
    with time_machine.travel("2026-09-01T12:00:00Z", tick=False):
        sm_metrics.delay_calls(0.001)
        answer = put_over_http(sm_metrics_server.url, 0.5)
    assert answer.headers["Date"] == "Tue, 01 Sep 2026 12:00:00 GMT"


def test_an_unknown_path(sm_metrics, sm_metrics_server):
    answer = send(sm_metrics_server.url, "GET", "/")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert answer.json["message"] == (
        "GET / is no operation of the service; "
        "BatchPutMetrics is PUT /BatchPutMetrics, BatchGetMetrics is POST /BatchGetMetrics"
    )


def test_another_method_of_a_known_path(sm_metrics, sm_metrics_server):
    answer = send(sm_metrics_server.url, "POST", "/BatchPutMetrics", put_document(0.5))
    assert answer.json["message"] == (
        "POST /BatchPutMetrics is no operation of the service; "
        "BatchPutMetrics is PUT /BatchPutMetrics"
    )


def test_only_this_service_is_redirected(sm_metrics, sm_metrics_server, monkeypatch):
    for name, value in sm_metrics_server.env.items():
        monkeypatch.setenv(name, value)
    assert boto3.client("s3").meta.endpoint_url.endswith(".amazonaws.com")


def test_clients_of_the_test_are_answered_in_process(sm_metrics, sm_metrics_server, monkeypatch):
    client = boto3.client("sagemaker-metrics", endpoint_url=sm_metrics_server.url)
    monkeypatch.setattr(socket.socket, "connect", None)
    data = [{"MetricName": "loss", "Timestamp": EPOCH_SECONDS, "Value": 0.5}]
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
    assert len(sm_metrics.calls) == 1


def test_the_innermost_mock_answers(sm_metrics, sm_metrics_server):
    with mock_sm_metrics() as inner:
        put_over_http(sm_metrics_server.url, 0.5, run="inner")
    put_over_http(sm_metrics_server.url, 0.5, run="outer")
    assert (list(inner), list(sm_metrics)) == (["inner"], ["outer"])


def test_outside_a_mock_the_way_out_is_named(sm_metrics_endpoint):
    answer = put_over_http(sm_metrics_endpoint.url, 0.5)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "UnmockedCallError")
    message = answer.json["message"]
    assert "BatchPutMetrics was called over HTTP while no mock" in message
    assert "Ask for the fixture sm_metrics" in message
    assert "test_outside_a_mock_the_way_out_is_named" in message


def is_open(url):
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=20).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def shared(monkeypatch):
    """Return a server that no session-scoped fixture uses."""
    server = SageMakerMetricsServer()
    monkeypatch.setattr("pytest_sm_metrics.server.server.shared", server)
    return server


def server_threads():
    return [one for one in threading.enumerate() if one.name == "sm_metrics_server"]


def test_the_port_is_closed_when_the_last_user_leaves(shared):
    before = server_threads()
    with mock_sm_metrics() as sm_metrics:
        with sm_metrics.serve() as outer:
            url = outer.url
            with sm_metrics.serve() as inner:
                assert (inner is outer, inner.url) == (True, url)
            assert is_open(url)
        assert not is_open(url)
        assert server_threads() == before
        with pytest.raises(RuntimeError, match="the server is not running: use it within"):
            _ = outer.url
        with sm_metrics.serve() as again:
            assert is_open(again.url)


def test_the_next_first_user_gets_the_same_url(shared):
    with shared:
        url = shared.url
    with shared:
        assert shared.url == url
    address = urlsplit(url)
    with socket.create_server((address.hostname, address.port)), shared:
        assert shared.url != url
        assert is_open(shared.url)


def test_open_connections_do_not_delay_the_end(shared):
    with mock_sm_metrics() as sm_metrics, sm_metrics.serve() as server:
        address = urlsplit(server.url)
        connection = socket.create_connection((address.hostname, address.port), timeout=20)
    assert connection.recv(1) == b""
    connection.close()


def test_the_url_of_the_session_stays(pytester):
    pytester.makepyfile(
        """
        import http.client, json
        from urllib.parse import urlsplit
        import pytest

        urls = set()

        def put(url):
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
            metric = {"MetricName": "loss", "Timestamp": 1788264000, "Value": 0.5}
            body = {"TrialComponentName": "run-1", "MetricData": [metric]}
            connection.request("PUT", "/BatchPutMetrics", json.dumps(body))
            response = connection.getresponse()
            response.read()
            connection.close()
            return response.status

        @pytest.mark.parametrize("number", range(3))
        def test_it(sm_metrics, sm_metrics_server, sm_metrics_endpoint, number):
            urls.add(sm_metrics_endpoint.url)
            assert put(sm_metrics_endpoint.url) == 200
            assert sm_metrics_server is sm_metrics_endpoint
            assert (len(urls), len(sm_metrics["run-1"]["loss"])) == (1, 1)

        @pytest.mark.sm_metrics(mode="block")
        def test_blocked(sm_metrics_endpoint):
            assert put(sm_metrics_endpoint.url) == 400
        """
    )
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*BatchPutMetrics for trial component 'run-1'*sm_metrics_server*"])


def test_without_aiohttp_the_extra_is_named():
    script = """
import sys
sys.modules["aiohttp"] = None
from pytest_sm_metrics import SageMakerMetricsServer, mock_sm_metrics
with mock_sm_metrics() as sm_metrics:
    try:
        sm_metrics.serve().acquire()
    except ModuleNotFoundError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    assert "pip install 'pytest-sm-metrics[server]'" in done.stdout


def test_importing_the_class_does_not_import_aiohttp():
    script = "import sys; from pytest_sm_metrics import SageMakerMetricsServer; "
    script += "assert not {'aiohttp', 'asyncio', 'botocore'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert "SageMakerMetricsServer" in pytest_sm_metrics.__all__


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_keep_connections_open(shared):
    release, wait = os.pipe()
    with mock_sm_metrics() as sm_metrics, sm_metrics.serve() as server:
        address = urlsplit(server.url)
        connection = socket.create_connection((address.hostname, address.port), timeout=20)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 404"
        child = os.fork()
        if not child:
            os.close(wait)
            connection.close()
            os.read(release, 1)
            os._exit(0)
        url = server.url
    assert not is_open(url)
    while connection.recv(65536):
        pass
    connection.close()
    os.close(wait)
    os.close(release)
    assert os.waitpid(child, 0)[1] == 0


def aws_cli():
    """Return the command of the AWS CLI; skip the test if it is not installed."""
    if importlib.util.find_spec("awscli"):
        return [sys.executable, "-m", "awscli"]
    program = shutil.which("aws")
    return [program] if program else pytest.skip("needs the AWS CLI")


def test_the_aws_cli(sm_metrics, sm_metrics_server):
    metric = f"MetricName=loss,Timestamp={EPOCH_SECONDS},Value=0.5"
    command = [*aws_cli(), "sagemaker-metrics", "batch-put-metrics", "--metric-data", metric]
    command += ["--trial-component-name", "run-1"]
    environ = {**os.environ, **sm_metrics_server.env}
    done = subprocess.run(command, env=environ, check=True, timeout=60, capture_output=True)
    assert json.loads(done.stdout) == {"Errors": []}
    sm_metrics.assert_logged("run-1", "loss", 0.5)
    assert sm_metrics.calls[0].user_agent.startswith("aws-cli/")
