"""ARNs of trial components, and the partitions that they are in."""

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
    """`arn:<partition>:sagemaker:<region>:<account>:experiment-trial-component/<name>`.

    Source: Actions, resources, and condition keys for Amazon SageMaker (documented).
    """
    return f"arn:{_partition_of(region)}:sagemaker:{region}:{account_id}:{_RESOURCE}{name}"


@lru_cache(maxsize=64)
def _partition_of(region: str) -> str:
    return next(
        (partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws"
    )


def default_caller(region: str, account_id: str) -> str:
    """Who calls where the setting `caller_arn` does not say: an IAM user of the account."""
    return f"arn:{_partition_of(region)}:iam::{account_id}:user/tester"


def region_of(arn: str) -> str:
    """The region in an ARN; empty where it has none."""
    return arn.split(":", 5)[3] if arn.count(":") >= 5 else ""


def trial_component_named(arn: str) -> str | None:
    """The name of the trial component that an ARN names, in whatever account and region; None if it names something else.

    In lower case: names are not case-sensitive (documented: CreateTrialComponent).
    """
    resource = arn.split(":", 5)[-1]
    return resource.removeprefix(_RESOURCE).lower() if resource.startswith(_RESOURCE) else None


def dns_suffix(region: str) -> str:
    """What the host names of AWS's endpoints end with in a region's partition. Source: botocore's partitions (documented)."""
    return _DNS_SUFFIXES.get(_partition_of(region), "amazonaws.com")
