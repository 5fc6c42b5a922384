"""Threads, pools and processes: what reaches a mock and what cannot."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import socket
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from pytest_sm_metrics import UnmockedCallError, mock_sm_metrics

from ..logging_metrics import SESSION, client_in, metric, put

CONNECT = socket.socket.connect
METHODS = multiprocessing.get_all_start_methods()
FORKS = ["fork"] if "fork" in METHODS else []
ANEW = [method for method in METHODS if method != "fork"]
pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def log(run):
    """Log as a worker does."""
    put(client_in("us-east-1"), run, metric())
    return os.getpid()


def log_once(run):
    """As one does who tries once."""
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    put(
        SESSION.client(
            "sagemaker-metrics",
            "us-east-1",
            config=Config(retries={"total_max_attempts": 1}),
            **keys,
        ),
        run,
        metric(),
    )


class TestThreads:
    """Calls of threads of every kind reach the mock."""

    def test_executor(self, sm_metrics):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(log, [f"run-{number}" for number in range(20)]))
        assert len(sm_metrics) == 20

    def test_an_executor_that_was_there_before(self):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(os.getpid).result()
            with mock_sm_metrics() as sm_metrics:
                pool.submit(log, "run-1").result()
        assert list(sm_metrics) == ["run-1"]

    def test_pool_of_multiprocessing(self, sm_metrics):
        with ThreadPool(2) as pool:
            pool.map(log, ["run-1", "run-2"])
        assert sorted(sm_metrics) == ["run-1", "run-2"]

    def test_a_loops_executor(self, sm_metrics):
        async def main():
            await asyncio.gather(
                asyncio.to_thread(log, "run-1"),
                asyncio.get_running_loop().run_in_executor(None, log, "run-2"),
            )

        asyncio.run(main())
        assert sorted(sm_metrics) == ["run-1", "run-2"]

    def test_a_thread_that_is_late(self):
        """Calls that arrive after the mock is off go where they go without one."""
        with ThreadPoolExecutor(1) as pool:
            with mock_sm_metrics() as sm_metrics:
                pool.submit(log_once, "run-1").result()
            with pytest.raises(EndpointConnectionError):
                pool.submit(log_once, "run-2").result()
        assert list(sm_metrics) == ["run-1"]


@pytest.mark.parametrize("method", FORKS)
class TestForkedChildren:
    """Calls of forked children raise and say why: they could not be recorded in the parent.

    tests/activation/test_fork.py has more of these tests.
    """

    def test_executor(self, method, sm_metrics):
        with (
            ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool,
            pytest.raises(UnmockedCallError, match="forked from process"),
        ):
            pool.submit(log, "run-1").result()
        assert not sm_metrics.calls

    def test_pool(self, method, sm_metrics):
        with (
            multiprocessing.get_context(method).Pool(1) as pool,
            pytest.raises(UnmockedCallError, match="forked from process"),
        ):
            pool.apply(log, ["run-1"])

    def test_a_pool_that_was_there_before(self, method):
        """Its workers know nothing of the mock, as children that are started anew."""
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            pool.submit(os.getpid).result()
            with mock_sm_metrics() as sm_metrics, pytest.raises(EndpointConnectionError):
                pool.submit(log_once, "run-1").result()
        assert not sm_metrics.calls

    def test_process(self, method, sm_metrics, capfd):
        process = multiprocessing.get_context(method).Process(target=log, args=["run-1"])
        process.start()
        process.join()
        assert process.exitcode == 1
        assert "UnmockedCallError: BatchPutMetrics" in capfd.readouterr().err


WORKERS = """
import boto3
from pytest_sm_metrics import mock_sm_metrics

def log(*values):
    client = boto3.client("sagemaker-metrics", region_name="us-east-1")
    data = [
        {"MetricName": "loss", "Timestamp": 1788264000, "Step": step, "Value": value}
        for step, value in enumerate(values)
    ]
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)

def log_in_a_mock(*values):
    with mock_sm_metrics() as sm_metrics:
        log(*values)
    return sm_metrics.to_dict()
"""


@pytest.mark.parametrize("method", ANEW)
class TestChildrenThatAreStartedAnew:
    """Calls of children that do not know the parent's mock go where they go without a mock.

    They carry no made-up credentials.
    """

    @pytest.fixture
    def workers(self, tmp_path, monkeypatch):
        tmp_path.joinpath("workers_of_a_pool.py").write_text(WORKERS)
        monkeypatch.syspath_prepend(tmp_path)
        return importlib.import_module("workers_of_a_pool")

    @pytest.fixture
    def pool(self, method, monkeypatch):
        monkeypatch.setattr("socket.socket.connect", CONNECT)  # to the server that forks
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            yield pool

    def test_the_mock_does_not_answer(self, pool, workers, sm_metrics):
        with pytest.raises(NoCredentialsError):
            pool.submit(workers.log, 0.5).result()
        assert not sm_metrics.calls

    def test_a_mock_of_their_own(self, pool, workers, sm_metrics):
        logged = pool.submit(workers.log_in_a_mock, 0.9, 0.5).result()
        assert [one["value"] for one in logged["trial_components"][0]["metrics"]] == [0.9, 0.5]
        assert not sm_metrics.calls


TRAIN = """
import sys
import boto3

data = [{"MetricName": "loss", "Timestamp": 1788264000, "Value": 0.5}]
client = boto3.client("sagemaker-metrics", region_name="us-east-1")
client.batch_put_metrics(TrialComponentName=sys.argv[1], MetricData=data)
"""


class TestPytestSubprocess:
    """A process that the fixture `fp` plays runs in this one; a real one does not."""

    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("pytest_subprocess", reason="needs the extra compat")

    def test_a_played_process_that_logs(self, fp, sm_metrics):
        fp.register(
            ["python", "train.py", "run-1"], callback=lambda process: log("run-1"), stdout="done"
        )
        assert (
            subprocess.run(["python", "train.py", "run-1"], stdout=subprocess.PIPE).stdout
            == b"done"
        )
        sm_metrics.assert_logged("run-1", "loss", 0.5)

    def test_a_real_one(self, fp, sm_metrics, tmp_path, monkeypatch):
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        script = tmp_path / "train.py"
        script.write_text(TRAIN)
        fp.pass_command([sys.executable, fp.any()])
        ended = subprocess.run(
            [sys.executable, str(script), "run-1"], capture_output=True, text=True
        )
        assert ended.returncode == 1
        assert "NoCredentialsError" in ended.stderr
        assert not sm_metrics.calls
