"""aiobotocore's clients are answered by the same mock."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError, NoCredentialsError

from pytest_sm_metrics import UnmockedCallError, mock_sm_metrics
from pytest_sm_metrics.aws.interception import block

from ..logging_metrics import metric, put

EARLY_SESSION = get_session()


def test_a_client_made_meanwhile(sm_metrics, network, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nowhere")

    async def log():
        async with EARLY_SESSION.create_client("sagemaker-metrics") as client:
            return await put(client, "run-1", metric(), metric(value=float("nan")))

    answer = asyncio.run(log())
    assert answer["Errors"] == [{"Code": "VALIDATION_ERROR", "MetricIndex": 1}]
    assert answer["ResponseMetadata"]["RequestId"] == sm_metrics.calls[0].request_id
    assert sm_metrics["run-1"]["loss"].values == [0.5]
    assert sm_metrics["run-1"].region == "us-east-1"
    assert network == []


def test_a_client_made_before_and_used_after(monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    async def log():
        async with AsyncExitStack() as stack:
            early = await stack.enter_async_context(
                get_session().create_client("sagemaker-metrics", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
            )
            async with mock_sm_metrics() as sm_metrics:
                late = await stack.enter_async_context(get_session().create_client("sagemaker-metrics"))
                await put(early, "early", metric())
                await put(late, "late", metric())
            with pytest.raises(NoCredentialsError):
                await put(late, "late", metric())
            return sm_metrics

    sm_metrics = asyncio.run(log())
    assert {run.name: run.region for run in sm_metrics.trial_components} == {"early": "eu-west-1", "late": "us-east-1"}


def test_many_calls_in_flight(sm_metrics):
    async def log():
        async with EARLY_SESSION.create_client("sagemaker-metrics") as client:
            await asyncio.gather(*[put(client, "run-1", metric(step=step)) for step in range(50)])

    asyncio.run(log())
    assert sorted(sm_metrics["run-1"]["loss"].steps) == list(range(50))


def test_a_malformed_request_is_a_client_error(sm_metrics):
    async def log():
        async with EARLY_SESSION.create_client("sagemaker-metrics") as client:
            await put(client, "Run-1", metric())

    with pytest.raises(ClientError, match="ValidationException"):
        asyncio.run(log())


IMPORTED_LATE = """
import asyncio
from pytest_sm_metrics import mock_sm_metrics

async def log():
    from aiobotocore.session import get_session
    async with get_session().create_client("sagemaker-metrics") as client:
        await client.batch_put_metrics(TrialComponentName="run-1", MetricData=[{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}])

with mock_sm_metrics() as sm_metrics:
    asyncio.run(log())
assert list(sm_metrics) == ["run-1"]
"""


def test_aiobotocore_may_be_imported_while_a_mock_is_on():
    subprocess.run([sys.executable, "-c", IMPORTED_LATE], check=True, timeout=60)


def test_a_blocked_call(network):
    async def log():
        async with EARLY_SESSION.create_client("sagemaker-metrics") as client:
            await put(client, "run-1", metric())

    unblock = block(lambda operation, body: UnmockedCallError(operation))
    try:
        with pytest.raises(UnmockedCallError, match="BatchPutMetrics"):
            asyncio.run(log())
    finally:
        unblock()
    assert network == []
