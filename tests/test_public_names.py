from __future__ import annotations

import subprocess
import sys

import pytest

import pytest_sm_metrics


@pytest.mark.parametrize("name", pytest_sm_metrics.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(pytest_sm_metrics, name)
    assert name in dir(pytest_sm_metrics)


def test_every_public_name_has_a_home():
    assert sorted(name for names in pytest_sm_metrics._HOMES.values() for name in names) == sorted(
        pytest_sm_metrics.__all__
    )


def test_another_name_is_an_attribute_error():
    with pytest.raises(
        AttributeError, match="module 'pytest_sm_metrics' has no attribute 'mock_aws'"
    ):
        pytest_sm_metrics.mock_aws


@pytest.mark.parametrize(
    "module", ["pytest_sm_metrics", "pytest_sm_metrics.plugin", "pytest_sm_metrics.mock"]
)
def test_importing_does_not_import_botocore(module):
    script = (
        f"import sys, {module}; assert 'botocore' not in sys.modules and 'boto3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


USED = """
import sys
import boto3
from pytest_sm_metrics import mock_sm_metrics

with mock_sm_metrics() as sm_metrics:
    sm_metrics.fail_calls("ThrottlingException", times=1)
    data = [{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}]
    boto3.client("sagemaker-metrics").batch_put_metrics(TrialComponentName="run-1", MetricData=data)
companions = {"aiobotocore", "aiohttp", "freezegun", "hypothesis", "moto", "pytest", "time_machine"}
assert not companions & sys.modules.keys(), companions & sys.modules.keys()
"""


def test_using_it_does_not_import_companions():
    subprocess.run([sys.executable, "-c", USED], check=True, timeout=60)
