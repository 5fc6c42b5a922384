"""ARNs of trial components."""

from __future__ import annotations

_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


def trial_component_arn(region: str, account_id: str, name: str) -> str:
    """`arn:<partition>:sagemaker:<region>:<account>:experiment-trial-component/<name>`.

    Source: Actions, resources, and condition keys for Amazon SageMaker (documented).
    """
    partition = next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")
    return f"arn:{partition}:sagemaker:{region}:{account_id}:experiment-trial-component/{name}"
