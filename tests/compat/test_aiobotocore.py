"""aiobotocore's clients are answered by the same mock."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack, nullcontext

import freezegun
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiobotocore.stub import AioStubber
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from pytest_sm_metrics import UnmockedCallError, mock_sm_metrics
from pytest_sm_metrics.aws.interception import block

from ..logging_metrics import client_in, metric, put
from ..requests import query

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
                get_session().create_client(
                    "sagemaker-metrics",
                    "eu-west-1",
                    aws_access_key_id="a",
                    aws_secret_access_key="b",
                )
            )
            async with mock_sm_metrics() as sm_metrics:
                late = await stack.enter_async_context(
                    get_session().create_client("sagemaker-metrics")
                )
                await put(early, "early", metric())
                await put(late, "late", metric())
            with pytest.raises(NoCredentialsError):
                await put(late, "late", metric())
            return sm_metrics

    sm_metrics = asyncio.run(log())
    assert {run.name: run.region for run in sm_metrics.trial_components} == {
        "early": "eu-west-1",
        "late": "us-east-1",
    }


def test_a_client_signs_with_what_the_environment_held_when_it_was_made(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "then")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    signed = []

    async def log():
        config = AioConfig(retries={"total_max_attempts": 1})
        async with AsyncExitStack() as stack:
            async with mock_sm_metrics():
                client = await stack.enter_async_context(
                    get_session().create_client("sagemaker-metrics", config=config)
                )
                await put(client, "run-1", metric())
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "now")
            client.meta.events.register_first(
                "before-send", lambda request, **_: signed.append(request.headers["Authorization"])
            )
            with pytest.raises(EndpointConnectionError):
                await put(client, "run-1", metric())

    asyncio.run(log())
    assert b"Credential=then/" in signed[0]


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
        data = [{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}]
        await client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)

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


def in_a_client(use, **config):
    """Run a coroutine with a client."""

    async def run():
        async with EARLY_SESSION.create_client(
            "sagemaker-metrics", config=AioConfig(**config)
        ) as client:
            return await use(client)

    return asyncio.run(run())


@pytest.mark.parametrize(("mode", "attempts"), [("legacy", 5), ("standard", 3), ("adaptive", 3)])
def test_retries_without_back_off(sm_metrics, mode, attempts, monkeypatch):
    slept = []
    sleep = asyncio.sleep

    async def note(seconds, *args):
        slept.append(seconds)
        await sleep(0)

    async def use(client):
        monkeypatch.setattr(asyncio, "sleep", note)
        return await put(client, "run-1", metric())

    sm_metrics.fail_calls("ThrottlingException", times=attempts - 1)
    assert (
        in_a_client(use, retries={"mode": mode})["ResponseMetadata"]["RetryAttempts"]
        == attempts - 1
    )
    assert [call.attempt for call in sm_metrics.calls] == list(range(1, attempts + 1))
    assert not any(slept)


def test_reading_back(sm_metrics):
    async def use(client):
        await put(client, "run-1", metric("loss", 0.9, 0), metric("loss", 0.5, 1))
        answer = await client.batch_get_metrics(MetricQueries=[query(), query("acc")])
        return answer["MetricQueryResults"]

    sm_metrics.fail_calls("ThrottlingException", operation="BatchGetMetrics", times=1)
    sm_metrics.fail_queries("InternalError", metric_name="acc")
    loss, accuracy = in_a_client(use)
    assert (loss["Status"], loss["XAxisValues"], loss["MetricValues"]) == (
        "Complete",
        [0, 1],
        [0.9, 0.5],
    )
    assert accuracy["Status"] == "InternalError"


def test_the_control_plane(sm_metrics):
    async def describe():
        async with EARLY_SESSION.create_client(
            "sagemaker", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        ) as sagemaker:
            with AioStubber(sagemaker) as stubber:
                stubber.add_response("describe_trial_component", {"TrialComponentName": "run-1"})
                return await sagemaker.describe_trial_component(TrialComponentName="run-1")

    put(client_in("us-east-1"), "run-1", metric("loss", 0.9, 0))
    assert [summary["MetricName"] for summary in asyncio.run(describe())["Metrics"]] == ["loss"]


def test_calls_that_fail(sm_metrics):
    async def use(client):
        with (
            sm_metrics.fail_calls("AccessDeniedException"),
            pytest.raises(ClientError, match="is not authorized to perform"),
        ):
            await put(client, "run-1", metric())
        with sm_metrics.fail_calls(ReadTimeoutError, stored=True), pytest.raises(ReadTimeoutError):
            await put(client, "run-1", metric())
        with sm_metrics.delay_calls(61), pytest.raises(ReadTimeoutError):
            await put(client, "run-1", metric())
        with sm_metrics.fail_metrics("CONFLICT_ERROR", index=1):
            return await put(client, "run-1", metric(), metric())

    assert in_a_client(use, retries={"total_max_attempts": 1})["Errors"] == [
        {"Code": "CONFLICT_ERROR", "MetricIndex": 1}
    ]
    assert len(sm_metrics["run-1"]["loss"]) == 3


def test_held_calls_do_not_block_the_loop():
    async def use(client):
        with sm_metrics.hold_calls(times=2) as held:
            tasks = [
                asyncio.ensure_future(put(client, f"run-{number}", metric())) for number in (1, 2)
            ]
            await asyncio.to_thread(held.wait, 2)
            third, fourth = (
                await put(client, "run-1", metric()),
                await put(client, "run-3", metric()),
            )
            assert (len(third["Errors"]), len(fourth["Errors"])) == (1, 0)
        return await asyncio.gather(*tasks)

    with mock_sm_metrics(concurrent_writes="conflict") as sm_metrics:
        assert [answer["Errors"] for answer in in_a_client(use)] == [[], []]
        assert sorted(sm_metrics) == ["run-1", "run-2", "run-3"]


def test_a_cancelled_call_is_in_flight_no_more():
    async def use(client):
        with sm_metrics.hold_calls(times=1) as held:
            task = asyncio.ensure_future(put(client, "run-1", metric()))
            await asyncio.to_thread(held.wait)
            task.cancel()
            await asyncio.wait([task])
            return await put(client, "run-1", metric())

    with mock_sm_metrics(concurrent_writes="conflict") as sm_metrics:
        assert in_a_client(use)["Errors"] == []
        assert [(call.status_code, call.error_code) for call in sm_metrics.calls] == [
            (None, "CancelledError"),
            (200, None),
        ]
        assert len(sm_metrics.cloudtrail.events) == 1


@pytest.mark.parametrize(
    "frozen", [nullcontext(), freezegun.freeze_time("2030-01-01")], ids=["ticking", "frozen"]
)
def test_a_call_that_the_block_itself_awaits(sm_metrics, frozen):
    async def use(client):
        with (
            sm_metrics.hold_calls(timeout=0.01),
            pytest.raises(RuntimeError, match=r"a call was held for 0.01 seconds"),
        ):
            await put(client, "run-1", metric())

    with frozen:
        in_a_client(use)
    with pytest.raises(AssertionError, match="a call was held"):
        sm_metrics.check()
