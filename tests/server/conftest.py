"""Fixtures and helpers of the tests that talk to the server."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from ..requests import EPOCH_SECONDS

if importlib.util.find_spec("aiohttp") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """Fail every attempt to open a connection that leaves this machine."""
    connect = socket.socket.connect

    def connect_here(self, address):
        is_path = isinstance(address, (str, bytes))
        if not is_path and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to connect to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture
def many_files():
    """Allow this process, and those that it starts, to open some thousands of connections."""
    resource = pytest.importorskip("resource", reason="no limits of open files here")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip(f"no process may open more than {hard} files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Response(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def send(url, method, path, document=None, **headers):
    """Send one request, in a connection that is closed afterwards."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    connection = connect(url)
    try:
        connection.request(method, path, None if document is None else body, headers)
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    finally:
        connection.close()


def connect(url):
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=20)


def raw_connection(url):
    """Return a socket that is connected to a server."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=20)


def received(connection):
    """Return all that a connection receives until it is closed."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def put_document(*values, run="run-1", name="loss"):
    metrics = [
        {"MetricName": name, "Timestamp": EPOCH_SECONDS, "Step": step, "Value": value}
        for step, value in enumerate(values)
    ]
    return {"TrialComponentName": run, "MetricData": metrics}


def put_over_http(url, *values, run="run-1", **headers):
    return send(url, "PUT", "/BatchPutMetrics", put_document(*values, run=run), **headers)


TRAINING = f"""
import json, sys
import boto3
from botocore.config import Config

def put(run, *values, retries=0, timeout=20, region=None):
    config = Config(retries={{"max_attempts": retries}}, read_timeout=timeout)
    client = boto3.client("sagemaker-metrics", config=config, region_name=region)
    data = [
        {{"MetricName": "loss", "Timestamp": {EPOCH_SECONDS}, "Step": step, "Value": value}}
        for step, value in enumerate(values)
    ]
    return client.batch_put_metrics(TrialComponentName=run, MetricData=data)
"""


def run_training(server, source):
    """Run a script in a child process that has `put`; return what it prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", TRAINING + source],
        env={**environ, "AWS_EC2_METADATA_DISABLED": "true", **server.env},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.strip()


COMMAND = [sys.executable, "-m", "pytest_sm_metrics", "serve"]


@contextmanager
def serving(*options):
    """Start the command; it is killed if the block has not ended it."""
    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            process.url = process.stdout.readline().strip()
            yield process
        finally:
            process.kill()
