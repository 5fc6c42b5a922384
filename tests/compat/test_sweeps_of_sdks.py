"""Failure sweeps over the sinks of the SageMaker SDK. docs/sweeps-found.md lists each outcome."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import boto3
import pytest
from sweeps.compare import OUTAGES, POINTS, UPLOADERS, find, imported, installed, saved

from pytest_sm_metrics import sweep

BY_NAME = {one.name: one for one in UPLOADERS if one.package and installed(one) is not None}
if not BY_NAME:
    pytest.skip("needs the extra compat", allow_module_level=True)
SWEPT = [name for name in BY_NAME if "file writer" not in name]
if SWEPT:
    # NumPy can't be imported twice, and a test with pytester forgets what it was the first to
    # import.
    import numpy as np  # noqa: F401

# The SDK warns at almost every step.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

REJECTED = ["INTERNAL_ERROR", "CONFLICT_ERROR", "UNKNOWN_ERROR"]
LOST_ANSWERS = [
    "InternalFailure-stored",
    "ReadTimeoutError-stored",
    "ConnectionReset-stored",
    "TruncatedBody-stored",
    "SlowAnswer-past-timeout",
]
OUTAGE = [f"{name} x5" for name in OUTAGES]
RETRY_DEPENDS_ON_BOTOCORE = "RequestTimeoutException"
OUTCOMES = {
    "Run": {"R": [*REJECTED, "RequestAbortedException", *OUTAGE], "L": ["NotJSON"]},
    "Run, errors caught": {"L": [*REJECTED, "RequestAbortedException", *OUTAGE, "NotJSON"]},
    "_AsyncMetricsSink": {"L": [*REJECTED, "RequestAbortedException", *OUTAGE, "NotJSON"]},
    "TrialComponent": {"L": [*REJECTED, "NotJSON"], "R": ["RequestAbortedException"]},
}
"""The failures by outcome, of each sink. Further lost answers double, and all others are ok."""


def named(end):
    """The function that logs with the sink whose name has this end."""
    names = [name for name in SWEPT if name.endswith(f": {end}")]
    if not names:
        pytest.skip("of the other generation of the SDK")
    return BY_NAME[names[0]].make()


@pytest.mark.parametrize("name", SWEPT)
def test_the_outcomes(name):
    found = find(BY_NAME[name])
    expected = dict.fromkeys(found.outcomes, "...") | dict.fromkeys(LOST_ANSWERS, "DDD")
    for letter, failures in OUTCOMES[name.partition(": ")[2]].items():
        expected |= dict.fromkeys(failures, letter * 3)
    expected[RETRY_DEPENDS_ON_BOTOCORE] = found.outcomes[RETRY_DEPENDS_ON_BOTOCORE]
    assert found.outcomes == expected
    if found.versions == saved()[name].versions:
        assert found == saved()[name], "run nox -s sweeps"


@pytest.mark.parametrize(
    ("sink", "failure", "lost"),
    [
        # What the call loses, and all that the loop would have logged after the error.
        ("Run", "CONFLICT_ERROR", [16, 6, 1]),
        ("Run", "RequestAbortedException", [25, 15, 5]),
        # What the call loses.
        ("Run, errors caught", "CONFLICT_ERROR", [1, 1, 1]),
        ("Run, errors caught", "RequestAbortedException", [10, 10, 5]),
        # A rejected metric; or, after a call that fails, all later ones: its thread has ended.
        ("_AsyncMetricsSink", "CONFLICT_ERROR", [1, 1, 1]),
        ("_AsyncMetricsSink", "RequestAbortedException", [25, 15, 5]),
        ("TrialComponent", "CONFLICT_ERROR", [1, 1, 1]),
    ],
)
def test_the_number_of_lost_metrics(sink, failure, lost):
    result = sweep(named(sink), only=failure)
    assert [len(case.lost) for case in result.cases] == lost


def test_run_itself_loses_and_doubles_what_its_sink_does():
    """`Run`, with its calls to the control plane, which moto answers."""
    named("Run")
    from moto import mock_aws

    from .test_sagemaker_sdk import GENERATION, experiments

    run = experiments("run")
    helper = "session" if GENERATION == "sagemaker.experiments" else "core.helper.session_helper"
    session_class = importlib.import_module(f"sagemaker.{helper}").Session

    def train():
        with mock_aws():
            session = session_class(boto3.Session(region_name="us-east-1"))
            with run.Run("Exp", "Run-1", sagemaker_session=session) as one:
                for point in POINTS:
                    one.log_metric(point.name, point.value, step=point.step)

    result = sweep(train, only=["CONFLICT_ERROR", "ReadTimeoutError-stored", "NotJSON"])
    assert [case.outcome for case in result.cases] == [
        *["raised"] * 3,
        *["doubled"] * 3,
        *["lost"] * 3,
    ]
    assert [len(case.lost) for case in result.cases[:3]] == [16, 6, 1]


class TestFileWriter:
    """The file writer of sagemaker-experiments makes no call: its failures are a file's."""

    @pytest.fixture
    def metrics(self):
        try:
            return imported("smexperiments.metrics")
        except ImportError:
            pytest.skip("needs sagemaker-experiments, and a setuptools that has pkg_resources")

    def test_there_is_no_call_to_sweep(self, metrics):
        with pytest.raises(AssertionError, match="made no call of SageMaker Metrics"):
            find(BY_NAME["sagemaker-experiments: file writer"])

    def test_each_line_is_flushed(self, metrics, tmp_path):
        path = tmp_path / "metrics.json"
        writer = metrics.SageMakerFileMetricsWriter(str(path))
        writer.log_metric("loss", 0.5, iteration_number=3)
        [line] = path.read_text().splitlines()
        assert json.loads(line).keys() == {"MetricName", "Value", "Timestamp", "IterationNumber"}
        writer.close()

    def test_a_file_that_cannot_be_opened_raises(self, metrics, tmp_path):
        writer = metrics.SageMakerFileMetricsWriter(str(tmp_path / "no folder" / "metrics.json"))
        with pytest.raises(FileNotFoundError):
            writer.log_metric("loss", 0.5)
        writer.close()

    def test_a_full_disk_raises(self, metrics):
        if not Path("/dev/full").exists():
            pytest.skip("needs /dev/full")
        writer = metrics.SageMakerFileMetricsWriter("/dev/full")
        with pytest.raises(OSError, match="No space left"):
            writer.log_metric("loss", 0.5)
        with pytest.raises(OSError, match="No space left"):
            writer.close()

    def test_a_line_whose_write_raised_is_written_later(self, metrics, tmp_path):
        """A caller that logs it again has it twice."""
        resource = pytest.importorskip("resource")
        path = tmp_path / "metrics.json"
        writer = metrics.SageMakerFileMetricsWriter(str(path))
        writer.log_metric("loss", 0.5, iteration_number=0)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
        try:
            with pytest.raises(OSError, match="File too large"):
                writer.log_metric("loss", 0.5, iteration_number=1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.log_metric("loss", 0.5, iteration_number=1)
        writer.close()
        lines = map(json.loads, path.read_text().splitlines())
        assert [line["IterationNumber"] for line in lines] == [0, 1, 1]

    def test_a_nan_is_written_as_a_token_that_is_no_json(self, metrics, tmp_path):
        path = tmp_path / "metrics.json"
        with metrics.SageMakerFileMetricsWriter(str(path)) as writer:
            writer.log_metric("loss", float("nan"))
        assert '"Value": NaN' in path.read_text()
