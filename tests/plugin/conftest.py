"""A user's project, run in process and under xdist."""

from __future__ import annotations

import pytest

# A run in process forgets the modules that it is the first to import.
import pytest_sm_metrics.plugin.blocking  # noqa: F401

from ..logging_metrics import INFINITE

TRAINER = (
    f"""
INFINITE = {INFINITE if isinstance(INFINITE, int) else 'float("inf")'}
"""
    + """
import datetime
import boto3
from botocore.config import Config

client = boto3.client(  # at module level
    "sagemaker-metrics",
    region_name="us-east-1",
    aws_access_key_id="a",
    aws_secret_access_key="b",
    config=Config(retries={"total_max_attempts": 1}),
)

def log(run, name, *values):
    now = datetime.datetime.now(datetime.timezone.utc)
    data = [
        {"MetricName": name, "Timestamp": now, "Step": step, "Value": value}
        for step, value in enumerate(values)
    ]
    return client.batch_put_metrics(TrialComponentName=run, MetricData=data)
"""
)


ITEMS = """
import pytest

def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".yaml":
        return File.from_parent(parent, path=file_path)

class File(pytest.File):
    def collect(self):
        yield Item.from_parent(self, name="it")

class Item(pytest.Item):
"""
"""A conftest by which each YAML file is a test that is no function; its `runtest` is to follow."""


@pytest.fixture
def project(pytester):
    """Return a project whose module `trainer` logs metrics, with a client of module level."""
    pytester.makepyfile(trainer=TRAINER)
    pytester.syspathinsert()
    return pytester


@pytest.fixture(params=["in process", "under xdist"])
def run(request, project):
    """Run the user's tests, and return the result."""

    def run(source, *options):
        project.makepyfile(test_it=source)
        if request.param == "in process":
            return project.runpytest_inprocess(*options)
        return project.runpytest_subprocess("-p", "xdist", "-n", "1", *options)

    return run
