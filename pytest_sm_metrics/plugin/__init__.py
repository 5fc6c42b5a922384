"""The plugin: pytest's hooks and fixtures. Only this package knows pytest.

pytest imports it in every run of every project that has it installed: it imports the rest of the
package once a test uses it. PYTEST_DONT_REWRITE: it has no assertions to rewrite.
"""

from __future__ import annotations

from .collection import pytest_collection_modifyitems, pytest_make_collect_report
from .each_fault import pytest_generate_tests, pytest_pycollect_makeitem
from .fixtures import (
    _sm_metrics_mock,
    pytest_collectstart,
    sm_metrics,
    sm_metrics_blocked,
    sm_metrics_class,
    sm_metrics_cloudtrail,
    sm_metrics_endpoint,
    sm_metrics_module,
    sm_metrics_package,
    sm_metrics_server,
    sm_metrics_session,
)
from .options import pytest_addoption, pytest_configure, pytest_load_initial_conftests
from .running import (
    pytest_assertrepr_compare,
    pytest_fixture_setup,
    pytest_runtest_call,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)
from .session_end import (
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    pytest_unconfigure,
)

__all__ = [
    "_sm_metrics_mock",
    "pytest_addoption",
    "pytest_assertrepr_compare",
    "pytest_collection_modifyitems",
    "pytest_collectstart",
    "pytest_configure",
    "pytest_fixture_setup",
    "pytest_generate_tests",
    "pytest_load_initial_conftests",
    "pytest_make_collect_report",
    "pytest_pycollect_makeitem",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_unconfigure",
    "sm_metrics",
    "sm_metrics_blocked",
    "sm_metrics_class",
    "sm_metrics_cloudtrail",
    "sm_metrics_endpoint",
    "sm_metrics_module",
    "sm_metrics_package",
    "sm_metrics_server",
    "sm_metrics_session",
]
