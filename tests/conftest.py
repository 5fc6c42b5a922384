"""Fixtures of all tests: nothing is configured, and nothing reaches the network."""

from __future__ import annotations

import gc
import io
import os
import socket
import sys

import boto3
import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


def pytest_collection_finish():
    """Leave the collected tests out of garbage collections: tests of leaks collect many times."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch, tmp_path):
    """Remove credentials, region, profile and metadata service, as on a fresh CI machine."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """Fail every attempt to open a connection. Return the list of the addresses."""
    attempts: list[object] = []

    def connect(self, address):
        attempts.append(address)
        raise OSError(f"a test tried to connect to {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    return attempts


@pytest.fixture
def blocks(monkeypatch):
    """Have the output carry the blocks of sparklines, whatever runs these tests."""
    monkeypatch.setattr(sys, "__stdout__", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))


@pytest.fixture
def pytester(pytester, monkeypatch):
    """Return a pytester without some plugins; tests about these plugins load them.

    The plugins change the order of tests, need configuration, hook botocore, or, in the case of
    Hypothesis, take a fifth of a short run.
    """
    # A run in process of pytest 8.4 collects five times; Hypothesis keeps what it has tested.
    gc.collect()
    gc.freeze()
    without = ("asyncio", "ddtrace", "hypothesispytest", "randomly")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in without))
    return pytester


@pytest.fixture
def with_hypothesis(pytester, monkeypatch):
    """Have pytester load the plugin of Hypothesis."""
    options = os.environ["PYTEST_ADDOPTS"].replace("no:hypothesispytest", "hypothesispytest")
    monkeypatch.setenv("PYTEST_ADDOPTS", options)
