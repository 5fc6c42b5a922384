"""The fixtures."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ..current_test import name_of
from .failures import reported

if TYPE_CHECKING:
    from ..cloudtrail.cloudtrail import CloudTrail
    from ..exceptions import UnmockedCallError
    from ..mock import SageMakerMetricsMock
    from ..server.server import SageMakerMetricsServer

SCOPES = ("session", "package", "module", "class", "function")
MOCKS = {"_sm_metrics_mock", *(f"sm_metrics_{scope}" for scope in SCOPES[:-1])}
"""The fixtures that activate a mock."""
BLOCKED = "sm_metrics_blocked"
"""The fixture of a test that expects its calls to be blocked."""
CLEAN = MOCKS | {"sm_metrics", "sm_metrics_cloudtrail", "sm_metrics_server", BLOCKED}
"""The fixtures that start clean in each example of Hypothesis."""


@contextmanager
def mock_of(
    node: Any, config: pytest.Config, scope: str = "function"
) -> Generator[SageMakerMetricsMock]:
    """Activate a mock with the settings of a node, for the session's judge."""
    from ..activation.activation import activate, deactivate
    from .judge import judge_of
    from .markers import opt_out_hint, settings_of

    given = settings_of(node)
    given.pop("mode", None)
    rank = len(SCOPES) - SCOPES.index(scope)
    record = activate(
        given,
        name_of(node),
        opt_out_hint(scope),
        scope_rank=rank,
        judged_by=judge_of(config),
        fixture="_sm_metrics_mock" if scope == "function" else f"sm_metrics_{scope}",
    )
    try:
        yield record.mock
    finally:
        deactivate(record)


@pytest.fixture
def _sm_metrics_mock(request: pytest.FixtureRequest) -> Iterator[SageMakerMetricsMock]:
    """Return the mock that `sm_metrics` is, also below a user's fixture of that name."""
    with mock_of(request.node, request.config) as mock:
        yield mock


@pytest.fixture
def sm_metrics(_sm_metrics_mock: SageMakerMetricsMock) -> SageMakerMetricsMock:
    """Amazon SageMaker Metrics, in memory: every SageMaker Metrics client of the process uses it.

    It is on for the whole test. `sm_metrics["run-1"]["loss"].values` are the Values that were
    logged; `assert_logged`, `rejected`, `calls` and others report what arrived, and what became
    of it. Settings: `@pytest.mark.sm_metrics(metric_limit=100)`.

    `sm_metrics_class`, `sm_metrics_module`, `sm_metrics_package` and `sm_metrics_session` are mocks
    that the tests of a scope share.
    """
    return _sm_metrics_mock


@pytest.fixture
def sm_metrics_cloudtrail(sm_metrics: SageMakerMetricsMock) -> CloudTrail:
    """`sm_metrics.cloudtrail`: CloudTrail data events of the calls, and trails that hold them."""
    return sm_metrics.cloudtrail


@pytest.fixture
def sm_metrics_server(sm_metrics: SageMakerMetricsMock) -> Iterator[SageMakerMetricsServer]:
    """Answer other processes, in any language, from the test's mock.

    `subprocess.run(command, env={**os.environ, **sm_metrics_server.env}, check=True)`; `url` is its
    endpoint URL.
    """
    with sm_metrics.serve() as server:
        yield server


@pytest.fixture(scope="session")
def sm_metrics_endpoint() -> Iterator[SageMakerMetricsServer]:
    """Run the same server without a mock, for worker pools and clusters that outlive a test.

    Its URL stays the same for the session. The innermost mock answers each request.
    """
    from ..server.server import shared

    with shared as server:
        yield server


@pytest.fixture
def sm_metrics_blocked(request: pytest.FixtureRequest) -> Iterator[list[UnmockedCallError]]:
    """Block SageMaker Metrics calls in a test that expects it: the list of its blocked calls.

    Each is the `UnmockedCallError` that was raised, with `operation` and `trial_component`. They do
    not fail the test. The calls are blocked for the whole test, whatever the mode is.
    """
    from .blocking import expect_blocked_calls

    with expect_blocked_calls(request.config) as blocked:
        yield blocked


def _shared_by(scope: Any, tests: str) -> Any:
    def shared(request: pytest.FixtureRequest) -> Iterator[SageMakerMetricsMock]:
        with mock_of(request.node, request.config, scope) as mock:
            yield mock

    shared.__doc__ = f"Amazon SageMaker Metrics, in memory, shared by {tests}"
    return pytest.fixture(scope=scope)(shared)


sm_metrics_class = _shared_by("class", "the tests of a class. Settings: the marker on the class.")
sm_metrics_module = _shared_by(
    "module", "the tests of a module. Settings: the module's `pytestmark`."
)
sm_metrics_package = _shared_by(
    "package", "the tests of a package, not those of packages within it. Settings: ini options."
)
sm_metrics_session = _shared_by("session", "all tests. Settings: ini options.")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Give each package its own `sm_metrics_package`: one of a plugin is shared by all packages."""
    if not isinstance(collector, pytest.Package):
        return
    with reported(collector.config, "registered sm_metrics_package"):
        _register_for_package(collector)


def _register_for_package(collector: pytest.Package) -> None:
    fixtures: Any = collector.session._fixturemanager
    function = fixtures.getfixturedefs("sm_metrics_package", collector)[-1].func
    if function.__module__ != __name__:  # a user's fixture of that name
        return
    register: Any = getattr(pytest, "register_fixture", None)
    if register:
        register(name="sm_metrics_package", func=function, node=collector, scope="package")
    else:  # before pytest 9.1
        fixtures._register_fixture(
            name="sm_metrics_package", func=function, nodeid=collector.nodeid, scope="package"
        )
