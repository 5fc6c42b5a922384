"""Fixtures of the tests beside other libraries."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pytest_sm_metrics import mock_sm_metrics

from ..plugin.conftest import project  # noqa: F401 - a fixture


@pytest.fixture
def run_with(project, monkeypatch):  # noqa: F811
    """Run the tests of the project in a new process, with these plugins of pytest alone."""
    monkeypatch.delenv("PYTEST_ADDOPTS")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(plugins, *options):
        names = ["sm_metrics", *plugins.split()]
        return project.runpytest_subprocess(
            "-W", "error", *(option for name in names for option in ("-p", name)), *options
        )

    return run


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
