"""Activations leave nothing behind, however many there are."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import tracemalloc
import weakref
from pathlib import Path

import boto3
import pytest
from botocore.handlers import BUILTIN_HANDLERS

import pytest_sm_metrics
from pytest_sm_metrics import current, mock_sm_metrics
from pytest_sm_metrics.aws.active import active

from ..logging_metrics import client_in, metric, put

CLIENT = client_in("us-east-1")
CALLS = 5
"""Runs of a way before the first measurement: caches are filled then."""
TRACED = 100
"""Runs of a way whose memory is traced."""


def with_block():
    with mock_sm_metrics():
        put(CLIENT, "run-1", metric())


def nested_blocks():
    with mock_sm_metrics() as outer, mock_sm_metrics() as inner:
        put(CLIENT, "run-1", metric())
    assert (len(outer.calls), len(inner.calls)) == (0, 1)


def start_and_stop():
    sm_metrics = mock_sm_metrics().start()
    put(CLIENT, "run-1", metric())
    sm_metrics.stop()


@mock_sm_metrics
def decorated():
    put(CLIENT, "run-1", metric())


def async_block():
    async def log():
        async with mock_sm_metrics():
            put(CLIENT, "run-1", metric())

    asyncio.run(log())


def block_left_by_an_exception():
    try:
        with mock_sm_metrics():
            put(CLIENT, "run-1", metric())
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass


def faults_and_retries():
    with mock_sm_metrics() as sm_metrics:
        sm_metrics.fail_calls("ThrottlingException", times=2)
        sm_metrics.fail_metrics("CONFLICT_ERROR", times=1)
        put(CLIENT, "run-1", metric())


def a_trail_and_a_report():
    with mock_sm_metrics() as sm_metrics:
        sm_metrics.cloudtrail.create_trail("audit")
        put(CLIENT, "run-1", metric())
        sm_metrics.to_dict()
        sm_metrics.reset()


def threads():
    with mock_sm_metrics():
        started = [threading.Thread(target=put, args=(CLIENT, "run-1", metric())) for _ in "ab"]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()


def a_new_client():
    with mock_sm_metrics():
        put(client_in("eu-west-1"), "run-1", metric())


def the_default_session():
    with mock_sm_metrics():
        put(boto3.client("sagemaker-metrics"), "run-1", metric())


def beside_moto():
    moto = pytest.importorskip("moto")
    with moto.mock_aws(), mock_sm_metrics():
        put(CLIENT, "run-1", metric())


def a_server():
    pytest.importorskip("aiohttp")
    with mock_sm_metrics(), current().serve() as server:
        assert server.env


def child_processes():
    pytest.importorskip("aiohttp")
    with mock_sm_metrics(child_processes="answer"):
        put(CLIENT, "run-1", metric())


def an_async_client():
    aiobotocore = pytest.importorskip("aiobotocore.session")

    async def log():
        session = aiobotocore.get_session()
        async with session.create_client("sagemaker-metrics", region_name="us-east-1") as client:
            await client.batch_put_metrics(TrialComponentName="run-1", MetricData=[metric()])

    with mock_sm_metrics():
        asyncio.run(log())


WAYS = {
    with_block: 10_000,
    nested_blocks: 1_000,
    start_and_stop: 1_000,
    decorated: 1_000,
    async_block: 200,
    block_left_by_an_exception: 1_000,
    faults_and_retries: 500,
    a_trail_and_a_report: 500,
    threads: 500,
    a_new_client: 10,
    the_default_session: 10,
    beside_moto: 10,
    a_server: 100,
    child_processes: 50,
    an_async_client: 10,
}


def footprint():
    """Return what an activation could leave behind."""
    forget()
    emitter = CLIENT.meta.events._emitter
    return {
        "handlers of later sessions": len(BUILTIN_HANDLERS),
        "handlers of a client": len(list(_handlers(emitter._handlers._root))),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "files and sockets": len(os.listdir("/dev/fd")) if sys.platform != "win32" else 0,
        "environment": dict(os.environ),
        "default session": boto3.DEFAULT_SESSION,
        "modules": len(sys.modules),
        "mocks": sum(type(one).__name__ == "SageMakerMetricsMock" for one in gc.get_objects()),
    }


def forget():
    """Forget the last mocks of this test, which are kept for its report."""
    active.ended_unjudged.clear()
    gc.collect()


def _handlers(node):
    """Yield the handlers below a node of botocore's trie."""
    for part in node["values"] or ():
        yield from part
    for child in node["children"].values():
        yield from _handlers(child)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_activations_leave_nothing_behind(way):
    for _ in range(CALLS):
        way()
    before = footprint()
    for _ in range(WAYS[way]):
        way()
    assert footprint() == before


@pytest.mark.parametrize(
    "way", [way for way, times in WAYS.items() if times >= TRACED], ids=lambda way: way.__name__
)
def test_activations_keep_no_memory(way):
    """Only objects of this package count: botocore fills its caches for a while."""
    tracemalloc.start()
    try:
        for _ in range(CALLS):
            way()
        before = kept()
        for _ in range(TRACED):
            way()
        assert kept() - before < TRACED, "an object for each activation"
    finally:
        tracemalloc.stop()


def kept():
    """Return the number of objects that the package has made and that still exist."""
    forget()
    of_package = tracemalloc.Filter(True, str(Path(pytest_sm_metrics.__file__).parent / "*"))
    snapshot = tracemalloc.take_snapshot().filter_traces([of_package])
    return sum(one.count for one in snapshot.statistics("filename"))


def test_a_mock_that_nothing_refers_to_is_removed_from_memory():
    with mock_sm_metrics() as sm_metrics:
        put(CLIENT, "run-1", metric())
    mock = weakref.ref(sm_metrics)
    del sm_metrics
    forget()
    assert mock() is None
