"""aioboto3, pytest-asyncio and anyio: async tests are served as others are.

`.[test,compat]` brings them.
"""

from __future__ import annotations

import asyncio

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from pytest_sm_metrics import mock_sm_metrics

from ..logging_metrics import metric, put

aioboto3 = pytest.importorskip("aioboto3", reason="needs the extra compat")
from aiobotocore.config import AioConfig  # noqa: E402

EARLY_SESSION = aioboto3.Session()

UPLOADER = """
import aioboto3

session = aioboto3.Session()

def client():
    return session.client("sagemaker-metrics")

async def put(uploader, run, *values):
    data = [
        {"MetricName": "loss", "Timestamp": 1788264000, "Step": step, "Value": value}
        for step, value in enumerate(values)
    ]
    return await uploader.batch_put_metrics(TrialComponentName=run, MetricData=data)
"""


@pytest.fixture
def uploads(pytester):
    """A project that uploads with aioboto3."""
    pytester.makepyfile(uploader=UPLOADER)
    pytester.syspathinsert()
    return pytester


def in_a_client(use, **config):
    """Run a coroutine with a client of aioboto3."""

    async def run():
        async with EARLY_SESSION.client("sagemaker-metrics", config=AioConfig(**config)) as client:
            return await use(client)

    return asyncio.run(run())


class TestAioboto3:
    def test_clients_made_before_meanwhile_and_used_after(self, monkeypatch):
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}

        async def log():
            async with EARLY_SESSION.client(
                "sagemaker-metrics", region_name="eu-west-1", **keys
            ) as early:
                async with mock_sm_metrics() as sm_metrics:
                    async with (
                        EARLY_SESSION.client("sagemaker-metrics") as late,
                        aioboto3.Session().client("sagemaker-metrics") as own,
                    ):
                        for run, client in (("early", early), ("late", late), ("own", own)):
                            await put(client, run, metric())
                        sm_metrics.stop()
                        with pytest.raises(NoCredentialsError):
                            await put(own, "own", metric())
            return sm_metrics

        sm_metrics = asyncio.run(log())
        assert {run.name: run.region for run in sm_metrics.trial_components} == {
            "early": "eu-west-1",
            "late": "us-east-1",
            "own": "us-east-1",
        }

    @pytest.mark.sm_metrics(metric_limit=60)
    def test_many_calls_in_flight(self, sm_metrics):
        async def use(client):
            return await asyncio.gather(
                *[put(client, "run-1", metric(step=step)) for step in range(100)]
            )

        answers = in_a_client(use)
        assert sum(len(answer["Errors"]) for answer in answers) == 40
        assert len(sm_metrics["run-1"]["loss"]) == 60

    def test_faults(self, sm_metrics):
        async def use(client):
            with (
                sm_metrics.fail_calls("AccessDeniedException"),
                pytest.raises(ClientError, match="is not authorized to perform"),
            ):
                await put(client, "run-1", metric())
            with sm_metrics.fail_calls("ThrottlingException", times=2):
                assert (await put(client, "run-1", metric()))["ResponseMetadata"][
                    "RetryAttempts"
                ] == 2
            with sm_metrics.fail_metrics("CONFLICT_ERROR", index=1):
                return await put(client, "run-1", metric(), metric())

        assert in_a_client(use)["Errors"] == [{"Code": "CONFLICT_ERROR", "MetricIndex": 1}]

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    def test_a_back_off_that_is_slept_leaves_the_loop_to_others(self, mode, monkeypatch):
        # So botocore waits as long as it may: a second.
        monkeypatch.setattr("random.random", lambda: 1.0)

        async def use(slow):
            async with EARLY_SESSION.client("sagemaker-metrics") as quick:
                waiting = asyncio.ensure_future(put(slow, "slow", metric()))
                while not sm_metrics.calls:
                    await asyncio.sleep(0)
                await asyncio.gather(
                    *[put(quick, "quick", metric(step=step)) for step in range(10)]
                )
                assert not waiting.done()
                waiting.cancel()

        with mock_sm_metrics(fast_retries=False) as sm_metrics:
            sm_metrics.fail_calls("ThrottlingException", trial_component="slow", times=1)
            in_a_client(use, retries={"mode": mode})
        assert [call.trial_component for call in sm_metrics.calls] == ["slow", *["quick"] * 10]

    def test_a_call_that_times_out_while_it_is_held(self, sm_metrics):
        async def use(client):
            with sm_metrics.hold_calls(times=1):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(put(client, "run-1", metric()), 0.01)
                await put(client, "run-2", metric())

        in_a_client(use)
        assert list(sm_metrics) == ["run-2"]
        assert [(call.trial_component, call.error_code) for call in sm_metrics.calls] == [
            ("run-1", "CancelledError"),
            ("run-2", None),
        ]

    def test_over_httpx(self, sm_metrics):
        httpxsession = pytest.importorskip(
            "aiobotocore.httpxsession", reason="an aiobotocore that knows no httpx"
        )

        async def use(client):
            with sm_metrics.fail_calls("ServiceUnavailable", times=1):
                return await put(client, "run-1", metric())

        assert (
            in_a_client(use, http_session_cls=httpxsession.HttpxSession)["ResponseMetadata"][
                "RetryAttempts"
            ]
            == 1
        )

    def test_in_threads_with_a_loop_each(self, sm_metrics):
        async def use(client):
            return await put(client, "run-1", metric())

        async def main():
            await asyncio.gather(*[asyncio.to_thread(in_a_client, use) for _ in range(4)])

        asyncio.run(main())
        assert len(sm_metrics["run-1"]["loss"]) == 4


PYTEST_ASYNCIO = """
import asyncio
import pytest
import pytest_asyncio
from pytest_sm_metrics import current, mock_sm_metrics
from uploader import client, put

@pytest_asyncio.fixture
async def uploader():
    async with client() as made:
        await put(made, "set-up", 1)
        yield made
        await put(made, "torn-down", 1)
        assert list(current()) == ["set-up", "run-1", "torn-down"]

@pytest.mark.asyncio
async def test_the_mock_is_on_around_async_fixtures(uploader, sm_metrics):
    await put(uploader, "run-1", 0.5)
    assert list(sm_metrics) == ["set-up", "run-1"]

@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def baseline(sm_metrics_module):
    async with client() as made:
        await put(made, "baseline", 0.9)
        yield made

@pytest.mark.asyncio(loop_scope="module")
async def test_a_wider_scope(baseline, sm_metrics_module):
    await put(baseline, "run-1", 0.5)
    assert list(sm_metrics_module) == ["baseline", "run-1"]

@pytest.mark.asyncio
@mock_sm_metrics(metric_limit=1)
async def test_decorated():
    async with client() as made:
        answers = await asyncio.gather(put(made, "run-1", 0.5), put(made, "run-1", 0.4))
    assert sum(len(answer["Errors"]) for answer in answers) == 1
    assert len(current()["run-1"].metrics) == 1

@mock_sm_metrics
@pytest.mark.asyncio
async def test_decorated_above_the_mark():
    async with client() as made:
        await put(made, "run-1", 0.5)
    assert list(current()) == ["run-1"]

class TestClass:
    @pytest.mark.asyncio
    @mock_sm_metrics
    async def test_method(self):
        async with client() as made:
            await put(made, "run-1", 0.5)
        assert list(current()) == ["run-1"]

@pytest.mark.asyncio
async def test_waiting_in_a_coroutine(sm_metrics):
    async with client() as made:
        logged = asyncio.ensure_future(put(made, "run-1", 0.5))
        await asyncio.to_thread(sm_metrics.wait_for, lambda sm_metrics: "run-1" in sm_metrics)
        await logged

@pytest.mark.xfail(strict=True)
@pytest.mark.asyncio
async def test_an_unused_fault_fails_it(sm_metrics):
    sm_metrics.fail_calls("ThrottlingException")
"""


LOOPS = ["-o", "asyncio_default_fixture_loop_scope=function"]


def test_pytest_asyncio(uploads, run_with):
    pytest.importorskip("pytest_asyncio", reason="needs the extra compat")
    uploads.makepyfile(test_it=PYTEST_ASYNCIO)
    run_with("asyncio", *LOOPS).assert_outcomes(passed=6, xfailed=1)


def test_pytest_asyncio_and_the_mode_mock(uploads, run_with):
    pytest.importorskip("pytest_asyncio", reason="needs the extra compat")
    uploads.makepyfile(
        """
        from pytest_sm_metrics import current
        from uploader import client, put

        async def test_asks_for_nothing():
            async with client() as made:
                await put(made, "run-1", 0.5)
            assert list(current()) == ["run-1"]
        """
    )
    run_with(
        "asyncio", *LOOPS, "-o", "asyncio_mode=auto", "--sm-metrics-mode=mock"
    ).assert_outcomes(passed=1)


ANYIO = """
import anyio
import boto3
import pytest
from pytest_sm_metrics import current, mock_sm_metrics

pytestmark = pytest.mark.anyio

def put(run):
    metric = {"MetricName": "loss", "Timestamp": 1788264000, "Value": 0.5}
    boto3.client("sagemaker-metrics").batch_put_metrics(TrialComponentName=run, MetricData=[metric])

@pytest.fixture
async def logged():
    await anyio.to_thread.run_sync(put, "set-up")
    yield
    await anyio.to_thread.run_sync(put, "torn-down")
    assert "torn-down" in current()

async def test_fixture(logged, sm_metrics):
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(anyio.to_thread.run_sync, put, f"run-{number}")
    assert sorted(sm_metrics) == [*(f"run-{number}" for number in range(5)), "set-up"]

@mock_sm_metrics
async def test_decorated():
    await anyio.to_thread.run_sync(put, "run-1")
    async with mock_sm_metrics() as inner:
        await anyio.to_thread.run_sync(put, "run-2")
    assert (list(current()), list(inner)) == (["run-1"], ["run-2"])

async def test_held(sm_metrics):
    async with anyio.create_task_group() as tasks:
        with sm_metrics.hold_calls() as held:
            for _ in range(3):
                tasks.start_soon(anyio.to_thread.run_sync, put, "run-1")
            await anyio.to_thread.run_sync(held.wait, 3)
            assert not list(sm_metrics)
    assert len(sm_metrics["run-1"].metrics) == 3

async def test_an_async_client(anyio_backend, sm_metrics):
    if anyio_backend != "asyncio":
        pytest.skip("aiobotocore runs on asyncio alone")
    import uploader
    async with uploader.client() as client:
        await uploader.put(client, "run-1", 0.5)
    assert list(sm_metrics) == ["run-1"]
"""


def test_anyio(uploads, run_with):
    """Its pytest plugin runs each test on asyncio and on Trio."""
    pytest.importorskip("anyio", reason="needs the extra compat")
    pytest.importorskip("trio", reason="needs the extra compat")
    uploads.makepyfile(test_it=ANYIO)
    run_with("anyio").assert_outcomes(passed=7, skipped=1)


def test_the_marker_for_each_fault(uploads, run_with):
    pytest.importorskip("pytest_asyncio", reason="needs the extra compat")
    uploads.makepyfile(
        """
        import pytest
        from uploader import client, put

        @pytest.mark.sm_metrics_each_fault(only=["ThrottlingException", "query-Truncated"])
        async def test_it(sm_metrics):
            async with client() as made:
                await put(made, "run-1", 0.5)
            assert sm_metrics["run-1"]["loss"].values == [0.5]
            assert sm_metrics.faults[0].hits == 1
        """
    )
    run_with("asyncio", *LOOPS, "-o", "asyncio_mode=auto", "-k", "Throttling").assert_outcomes(
        passed=1, deselected=1
    )
