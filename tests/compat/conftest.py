"""What tests beside other libraries share."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pytest_sm_metrics import mock_sm_metrics


@pytest.fixture(params=["moto outside", "moto inside"])
def sm_metrics_beside_moto(request):
    """The mock beside `mock_aws`, in both nesting orders."""
    from moto import mock_aws

    with ExitStack() as stack:
        if request.param == "moto outside":
            stack.enter_context(mock_aws())
        sm_metrics = stack.enter_context(mock_sm_metrics())
        if request.param == "moto inside":
            stack.enter_context(mock_aws())
        yield sm_metrics
