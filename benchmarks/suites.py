"""The cost of runs of pytest: without tests of ours, and with 1,000 small tests."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pyperf

TESTS = 1_000

CLIENT = """
import boto3

keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
client = boto3.client("sagemaker-metrics", region_name="us-east-1", **keys)
"""
FIXTURE_OF_FLOOR = """
import pytest
from botocore.awsrequest import AWSResponse

class NoErrors:
    def stream(self):
        yield b'{"Errors": []}'

def answer(request, **_):
    return AWSResponse(request.url, 200, {"Content-Type": "application/json"}, NoErrors())

@pytest.fixture
def sm_metrics():
    client.meta.events.register("before-send.sagemaker-metrics", answer)
    yield
    client.meta.events.unregister("before-send.sagemaker-metrics", answer)
"""
TEST = """
def test_{number}(sm_metrics):
    metric = {{"MetricName": "loss", "Timestamp": 1788264000, "Step": {number}, "Value": 0.5}}
    answer = client.batch_put_metrics(TrialComponentName="run-1", MetricData=[metric])
    assert answer["Errors"] == []
"""
WITHOUT = ("-p", "no:sm_metrics")


def main() -> None:
    runner = pyperf.Runner(values=1, processes=20, loops=1)
    tests = "".join(TEST.format(number=number) for number in range(TESTS))
    with TemporaryDirectory() as folder:
        for file, source in (
            ("test_empty.py", "def test(): pass\n"),
            ("test_floor.py", CLIENT + FIXTURE_OF_FLOOR + tests),
            ("test_mock.py", CLIENT + tests),
        ):
            Path(folder, file).write_text(source, encoding="utf-8")
        for name, file, options in (
            ("suite: one empty test, without the plugin", "test_empty.py", WITHOUT),
            ("suite: one empty test, with the plugin", "test_empty.py", ()),
            (f"suite: {TESTS:,} tests, a handler answers, no plugin", "test_floor.py", WITHOUT),
            (f"suite: {TESTS:,} tests, this mock answers", "test_mock.py", ()),
        ):
            pytest = [sys.executable, "-m", "pytest", "-q", "--rootdir", folder]
            runner.bench_command(name, [*pytest, *options, str(Path(folder, file))])


if __name__ == "__main__":
    main()
