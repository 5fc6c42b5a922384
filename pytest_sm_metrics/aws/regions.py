"""Regions: the names that AWS has, as the installed botocore knows them."""

from __future__ import annotations

import os
from functools import cache


@cache
def aws_regions() -> frozenset[str]:
    """Return the regions of all partitions."""
    from botocore.loaders import Loader  # no botocore before a mock is on

    partitions = Loader().load_data("partitions")["partitions"]
    return frozenset(region for partition in partitions for region in partition["regions"])


def configured_regions() -> set[str]:
    """Return the regions that the environment names."""
    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    return {os.environ[name] for name in names if os.environ.get(name)}
