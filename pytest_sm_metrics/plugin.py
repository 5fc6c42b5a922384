"""pytest's side: options, fixtures, and the hooks around each test. Imports the rest when a test uses it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from . import configuring, settings

if TYPE_CHECKING:
    from .judging import Judge
    from .mock import SageMakerMetricsMock

_SCOPES = ("session", "package", "module", "class", "function")
_FIXTURES = {f"sm_metrics_{scope}" for scope in _SCOPES[:-1]} | {"sm_metrics"}
_MODE = pytest.StashKey[str]()
_JUDGE = pytest.StashKey["Judge"]()
_UNDO = pytest.StashKey[list[Callable[[], object]]]()
_HAS_FAILED = pytest.StashKey[bool]()


# Options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the ini options and the command line's."""
    configuring.add_ini_options(parser)
    parser.getgroup("sm_metrics", "Amazon SageMaker Metrics").addoption(
        "--sm-metrics-mode",
        choices=configuring.MODES,
        help="what happens to tests that do not ask for a mock: off (nothing), block (calls raise), mock (they run inside one)",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take the ini options for defaults, and the mode for what happens between tests."""
    config.addinivalue_line(
        "markers", "sm_metrics(**settings): settings of the fixture sm_metrics, and mode, for a test, a class or a module."
    )
    try:
        given, mode = configuring.read_ini(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    before = settings.use_defaults(given)
    undo: list[Callable[[], object]] = [lambda: settings.use_defaults(before)]
    config.stash[_UNDO] = undo
    config.stash[_MODE] = config.getoption("--sm-metrics-mode") or mode or "off"
    if config.stash[_MODE] != "off":
        undo.append(_block(config, True))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the process as it was."""
    undo = config.stash.get(_UNDO, [])
    while undo:
        undo.pop()()


def _block(config: pytest.Config, on: bool) -> Callable[[], object]:
    """Block calls outside a mock, or let them through; gives back what undoes it."""
    from .aws import interception

    before = interception.block(_judge(config).refuse if on else None)
    return lambda: interception.block(before)


def _judge(config: pytest.Config) -> Judge:
    from .judging import Judge

    return config.stash.setdefault(_JUDGE, Judge())


# Markers, judged at collection where they can be


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse wrong markers of a file's module, classes and functions as an error of its collection."""
    report = yield
    wrong = configuring.wrong_markers([collector, *(node for node in report.result or () if isinstance(node, pytest.Item))])
    return pytest.CollectReport(report.nodeid, "failed", "\n".join(wrong), []) if wrong and report.passed else report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse wrong markers that other hooks have added, except in a worker of xdist: there the test's set-up does."""
    wrong = configuring.wrong_markers(items)
    if wrong and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(wrong))


# Fixtures


@contextmanager
def _mock_of(node: Any, config: pytest.Config, scope: str = "function") -> Generator[SageMakerMetricsMock]:
    """A mock with the settings of a node, judged after each test."""
    from . import switching

    given, _ = configuring.marked(node)
    mock = switching.switch_on(given, node.nodeid, configuring.turned_off_by(scope))
    _judge(config).mocks.append(mock)
    try:
        yield mock
    finally:
        switching.switch_off(mock)


@pytest.fixture
def sm_metrics(request: pytest.FixtureRequest) -> Iterator[SageMakerMetricsMock]:
    """Amazon SageMaker Metrics, in memory: every SageMaker Metrics client of the process answers from it.

    It is on for the whole test. `sm_metrics["run-1"]["loss"].values` are the Values that were logged; `assert_logged`, `rejected`,
    `calls` and the rest say what arrived and what became of it. Settings: `@pytest.mark.sm_metrics(metric_limit=100)`.
    """
    with _mock_of(request.node, request.config) as mock:
        yield mock


def _shared_by(scope: Any, tests: str) -> Any:
    def shared(request: pytest.FixtureRequest) -> Iterator[SageMakerMetricsMock]:
        with _mock_of(request.node, request.config, scope) as mock:
            yield mock

    shared.__doc__ = f"Amazon SageMaker Metrics, in memory, shared by {tests}"
    return pytest.fixture(scope=scope)(shared)


sm_metrics_class = _shared_by("class", "the tests of a class. Settings: the marker on the class.")
sm_metrics_module = _shared_by("module", "the tests of a module. Settings: the module's `pytestmark`.")
sm_metrics_package = _shared_by("package", "the tests of a package, not those of packages within it. Settings: ini options.")
sm_metrics_session = _shared_by("session", "all tests. Settings: ini options.")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Give each package an `sm_metrics_package` of its own: a plugin's one fixture would be shared by all packages."""
    if not isinstance(collector, pytest.Package):
        return
    fixtures: Any = collector.session._fixturemanager
    function = fixtures.getfixturedefs("sm_metrics_package", collector)[-1].func
    if function.__module__ != __name__:  # somebody put another in its place
        return
    register: Any = getattr(pytest, "register_fixture", None)
    if register:
        register(name="sm_metrics_package", func=function, node=collector, scope="package")
    else:  # before pytest 9.1
        fixtures._register_fixture(name="sm_metrics_package", func=function, nodeid=collector.nodeid, scope="package")


# Around each test


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Put the mode of the test in force, in place of the one that holds between tests."""
    between = item.config.stash.get(_MODE, "off")
    mode = item.stash[_MODE] = configuring.mode_of(item, between)
    restore = _block(item.config, mode != "off") if (mode == "off") != (between == "off") else None
    try:
        if mode == "mock" and not hasattr(item, "fixturenames"):  # a test that is no function
            with _mock_of(item, item.config):
                return (yield)
        return (yield)
    finally:
        if restore is not None:
            restore()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Set the mocks up before every other fixture of their scope, wherever they stand among the arguments.

    So they are on for the whole test: pytest sets fixtures up in the order of `fixturenames`, wider scopes first, and
    tears them down the other way round. In the mode `mock`, a test that asks for none gets one.
    """
    item.stash[_HAS_FAILED] = False
    wrong = configuring.wrong_markers(item.listchain())
    if wrong:
        raise pytest.UsageError("\n".join(wrong))
    function: Any = item
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None:
        return
    if not _FIXTURES.intersection(names):
        if item.stash.get(_MODE, "off") != "mock":
            return
        names = [*names, "sm_metrics"]
    function.fixturenames = sorted(names, key=lambda name: (_SCOPES.index(_scope_of(item, name)), name not in _FIXTURES))


def _scope_of(item: Any, name: str) -> str:
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})  # of a test that is no function: none
    return definitions[name][-1].scope if name in definitions else "function"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the test when its body has passed, so that it is the test that fails, and xfail applies."""
    if _JUDGE in item.config.stash and "hypothesis" in sys.modules:
        from . import per_example, switching

        function = getattr(item, "obj", None)
        arguments = getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
        others = [name for name in arguments if name not in _FIXTURES and _scope_of(item, name) == "function"]
        judge = item.config.stash[_JUDGE]
        with (
            per_example.function_scope_allowed(function, others),
            per_example.each_example_starts_clean(function, switching.active_mocks(), judge.check),
        ):
            yield
    else:
        yield
    _tell(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge what only the teardown shows."""
    try:
        yield
    except BaseException:
        item.stash[_HAS_FAILED] = True
        raise
    finally:
        _tell(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that the test has failed, or was skipped, of its own."""
    report = yield
    item.stash[_HAS_FAILED] = item.stash.get(_HAS_FAILED, False) or call.excinfo is not None
    return report


_JudgedError: Any = type("_JudgedError", (pytest.fail.Exception, AssertionError), {})
"""Fails a test, shown without a traceback."""


def _tell(item: pytest.Item) -> None:
    """Fail the test if something was found, unless it has failed of its own."""
    judge = item.config.stash.get(_JUDGE, None)
    findings = judge.findings() if judge else []
    if findings and not item.stash.get(_HAS_FAILED, False):
        from .judging import verdict

        raise _JudgedError(verdict(findings), pytrace=False)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    from .comparing import explain_comparison

    return explain_comparison(op, left, right)
