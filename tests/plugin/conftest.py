"""A user's project, run in process and under xdist."""

from __future__ import annotations

import pytest

TRAINER = """
import datetime
import boto3

client = boto3.client("sagemaker-metrics", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")  # module level

def log(run, name, *values):
    data = [
        {"MetricName": name, "Timestamp": datetime.datetime.now(datetime.timezone.utc), "Step": step, "Value": value}
        for step, value in enumerate(values)
    ]
    return client.batch_put_metrics(TrialComponentName=run, MetricData=data)
"""


@pytest.fixture
def project(pytester):
    """A project whose module `trainer` logs metrics, with a client that was made when it was imported."""
    pytester.makepyfile(trainer=TRAINER)
    pytester.syspathinsert()
    return pytester


@pytest.fixture(params=["in process", "under xdist"])
def run(request, project):
    """Run the user's tests, and give back the result."""

    def run(source, *options):
        project.makepyfile(test_it=source)
        if request.param == "in process":
            return project.runpytest_inprocess(*options)
        return project.runpytest_subprocess("-p", "xdist", "-n", "2", "--dist=loadfile", *options)

    return run
