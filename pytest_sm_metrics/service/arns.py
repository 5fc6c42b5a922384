"""ARNs of trial components, and AWS's partitions."""

from __future__ import annotations

from functools import lru_cache

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
_DNS_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-eusc": "amazonaws.eu",
}
_RESOURCE = "experiment-trial-component/"


def trial_component_arn(region: str, account_id: str, name: str) -> str:
    """Return `arn:<partition>:sagemaker:<region>:<account>:experiment-trial-component/<name>`.

    Source: Actions, resources, and condition keys for Amazon SageMaker (documented).
    """
    return f"arn:{_partition_of(region)}:sagemaker:{region}:{account_id}:{_RESOURCE}{name}"


@lru_cache(maxsize=64)
def _partition_of(region: str) -> str:
    for prefix, partition in _PARTITIONS.items():
        if region.startswith(prefix):
            return partition
    return "aws"


def default_caller(region: str, account_id: str) -> str:
    """Return the caller without the setting `caller_arn`: an IAM user of the account."""
    return f"arn:{_partition_of(region)}:iam::{account_id}:user/tester"


def region_of(arn: str) -> str:
    """Return the region in an ARN of a well-formed query; it may be empty."""
    return arn.split(":")[3]


def trial_component_named(arn: str) -> str | None:
    """Return the name of an ARN's trial component; None if the ARN names something else.

    Account and region do not matter. The name is in lower case: names are not case-sensitive
    (documented: CreateTrialComponent).
    """
    resource = arn.split(":", 5)[-1]
    if not resource.startswith(_RESOURCE):
        return None
    return resource.removeprefix(_RESOURCE).lower()


def dns_suffix(region: str) -> str:
    """Return the DNS suffix of AWS's endpoints in a region's partition.

    Source: botocore's partitions (documented).
    """
    return _DNS_SUFFIXES.get(_partition_of(region), "amazonaws.com")
