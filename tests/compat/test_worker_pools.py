"""Pools and clusters of other libraries, and other libraries in child processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import boto3
import pytest

from pytest_sm_metrics import mock_sm_metrics

from ..logging_metrics import metric, put
from ..server.conftest import network  # noqa: F401 - a fixture

pytest.importorskip("aiohttp", reason="needs the extra server")
pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
RAY = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
RUNS = ["run-1", "run-2", "run-3"]
METHODS = multiprocessing.get_all_start_methods()


def log(run):
    """Log one metric as a worker does. Return the number of its process."""
    put(boto3.client("sagemaker-metrics"), run, metric())
    return os.getpid()


def log_with_aiobotocore(run):
    from aiobotocore.session import get_session

    async def main():
        async with get_session().create_client("sagemaker-metrics") as client:
            await put(client, run, metric())
        return os.getpid()

    return asyncio.run(main())


@pytest.fixture
def sm_metrics():
    """Activate a mock after the fixture that empties the environment."""
    with mock_sm_metrics(child_processes="answer") as sm_metrics:
        yield sm_metrics


class TestJoblib:
    @pytest.fixture(autouse=True)
    def new_workers(self):
        """Import joblib, whose workers outlive a call, and end them after the test."""
        pytest.importorskip("joblib", reason="needs the extra compat")
        from joblib.externals.loky import get_reusable_executor

        yield
        get_reusable_executor(max_workers=1).shutdown(wait=True)

    @pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
    def test_backends(self, sm_metrics, backend):
        import joblib

        with joblib.parallel_config(backend=backend, n_jobs=2):
            processes = set(joblib.Parallel()(joblib.delayed(log)(run) for run in RUNS))
        assert sorted(sm_metrics) == RUNS
        assert (os.getpid() in processes) is (backend == "threading")

    def test_workers_that_outlive_a_mock(self, sm_metrics_endpoint, monkeypatch):
        from joblib.externals.loky import get_reusable_executor

        for name, value in sm_metrics_endpoint.env.items():
            monkeypatch.setenv(name, value)
        processes = set()
        for run in ("run-1", "run-2"):
            with mock_sm_metrics() as sm_metrics:
                processes.add(get_reusable_executor(max_workers=1).submit(log, run).result(60))
            assert list(sm_metrics) == [run]
        assert len(processes - {os.getpid()}) == 1


class TestDask:
    @pytest.fixture
    def connect(self, tmp_path):
        distributed = pytest.importorskip("distributed", reason="needs the extra compat")
        options = {"n_workers": 1, "threads_per_worker": 1, "processes": True}
        options |= {"dashboard_address": ":0", "local_directory": str(tmp_path)}
        with ExitStack() as stack:

            def connect():
                cluster = stack.enter_context(distributed.LocalCluster(**options))
                return stack.enter_context(distributed.Client(cluster))

            yield connect

    def test_a_cluster_that_is_started_meanwhile(self, sm_metrics, connect):
        client = connect()
        processes = client.gather(client.map(log, RUNS))
        assert sorted(sm_metrics) == RUNS
        assert os.getpid() not in processes
        if os.path.exists("/proc/self/net/tcp"):
            assert {call.process_id for call in sm_metrics.calls} == set(processes)

    def test_a_cluster_that_outlives_a_mock(self, connect, sm_metrics_endpoint, monkeypatch):
        for name, value in sm_metrics_endpoint.env.items():
            monkeypatch.setenv(name, value)
        client = connect()
        for run in ("run-1", "run-2"):
            with mock_sm_metrics() as sm_metrics:
                client.submit(log, run).result(60)
            assert list(sm_metrics) == [run]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestRay:
    @pytest.fixture
    def ray(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        for name, value in RAY.items():
            monkeypatch.setenv(name, value)
        ray = pytest.importorskip("ray", reason="needs Ray")
        yield ray
        ray.shutdown()

    def test_a_cluster_that_is_started_meanwhile(self, sm_metrics, ray):
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        remote = ray.remote(log)
        processes = ray.get([remote.remote(run) for run in RUNS])
        assert sorted(sm_metrics) == RUNS
        assert os.getpid() not in processes


class TestAiobotocore:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("aiobotocore", reason="needs aiobotocore")

    @pytest.mark.parametrize("method", METHODS)
    def test_pools(self, sm_metrics, method):
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            process = pool.submit(log_with_aiobotocore, "run-1").result(60)
        assert process != os.getpid()
        sm_metrics.assert_logged("run-1", "loss", 0.5)


@pytest.mark.parametrize("method", METHODS)
def test_children_while_moto_is_on(sm_metrics, method):
    moto = pytest.importorskip("moto", reason="needs moto")
    with (
        moto.mock_aws(),
        ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool,
    ):
        process = pool.submit(log, "run-1").result(60)
    assert process != os.getpid()
    sm_metrics.assert_logged("run-1", "loss", 0.5)


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (2, 1, 0)])
def test_moto_that_stops_later_restores_no_credentials_of_ours(order):
    moto = pytest.importorskip("moto", reason="needs moto")
    before, stop = dict(os.environ), vars(moto.core.models.MockAWS)["stop"]
    mocks = [mock_sm_metrics(child_processes="answer"), moto.mock_aws(), moto.mock_aws()]
    for mock in mocks:
        mock.start()
    for index in order:
        mocks[index].stop()
    assert dict(os.environ) == before
    assert vars(moto.core.models.MockAWS)["stop"] is stop


TRAINING = """
import boto3
from moto import mock_aws

try:
    from sagemaker.experiments import Run
    from sagemaker.session import Session
except (ImportError, DeprecationWarning):
    from sagemaker.core.experiments.run import Run
    from sagemaker.core.helper.session_helper import Session

def train():
    with mock_aws():
        session = Session(boto3.Session(region_name="us-east-1"))
        with Run("Churn", "Run-1", sagemaker_session=session) as run:
            for step in range(25):
                run.log_metric("loss", 1 / (step + 1), step=step)

train()
"""


def train():
    exec(TRAINING, {})
    return os.getpid()


class TestSageMakerSDK:
    @pytest.fixture(autouse=True)
    def _installed(self):
        from .test_sagemaker_sdk import GENERATION

        if GENERATION is None:
            pytest.skip("needs the extra compat")

    def test_a_script(self, sm_metrics):
        subprocess.run([sys.executable, "-c", TRAINING], check=True, timeout=120)
        assert sm_metrics["churn-run-1"]["loss"].steps == list(range(25))
        sm_metrics.assert_called("BatchPutMetrics", "churn-run-1", times=3)

    @pytest.mark.parametrize("method", METHODS)
    def test_pools(self, sm_metrics, method):
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            process = pool.submit(train).result(120)
        assert process != os.getpid()
        assert sm_metrics["churn-run-1"]["loss"].steps == list(range(25))
        if method == "fork" or os.path.exists("/proc/self/net/tcp"):
            assert {call.process_id for call in sm_metrics.calls} == {process}
