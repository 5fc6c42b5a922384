"""pytest's side: options, fixtures, and the hooks around each test. Imports the rest when a test uses it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from . import configuring, settings
from .current_test import current_test, name_of

if TYPE_CHECKING:
    from .cloudtrail.cloudtrail import CloudTrail
    from .judging import Judge
    from .mock import SageMakerMetricsMock

_SCOPES = ("session", "package", "module", "class", "function")
_MOCKS = {"_sm_metrics_mock", *(f"sm_metrics_{scope}" for scope in _SCOPES[:-1])}
_CLEAN = _MOCKS | {"sm_metrics", "sm_metrics_cloudtrail"}
_MODE = pytest.StashKey[str]()
_JUDGE = pytest.StashKey["Judge"]()
_HAS_FAILED = pytest.StashKey[bool]()
_OWN_MOCK = pytest.StashKey[
    ExitStack
]()  # of a test that is no function, and can't ask for a fixture


# Options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the ini options and the command line's."""
    configuring.add_ini_options(parser)
    parser.getgroup("sm_metrics", "Amazon SageMaker Metrics").addoption(
        "--sm-metrics-mode",
        choices=configuring.MODES,
        help="what happens to tests that do not ask for a mock: off (nothing), block (calls raise), mock (they run inside one)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Put the mode in force before a conftest.py can make a call. A wrong one is told later, with all that is wrong."""
    _use_mode(
        early_config,
        early_config.known_args_namespace.sm_metrics_mode or configuring.read_mode(early_config),
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take the ini options for defaults."""
    config.addinivalue_line(
        "markers",
        "sm_metrics(**settings): settings of the fixture sm_metrics, and mode, for a test, a class or a module.",
    )
    try:
        given, mode = configuring.read_ini(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    config.add_cleanup(settings.use_defaults(given))
    if _MODE not in config.stash:  # the plugin came with a conftest.py
        _use_mode(config, config.getoption("--sm-metrics-mode") or mode)


def _use_mode(config: pytest.Config, mode: str | None) -> None:
    config.stash[_MODE] = mode or "off"
    if config.stash[_MODE] != "off":
        restore, is_last = _block(config, True), _ends_with_the_process()
        config.add_cleanup(lambda: None if is_last or hasattr(config, "workerinput") else restore())


def _ends_with_the_process() -> bool:
    """Whether pytest owns the process: threads that outlive the tests, and what runs at exit, are to reach nothing either."""
    frame: Any = sys._getframe()
    while frame and not (
        frame.f_globals is pytest.main.__globals__ and frame.f_code.co_name in ("main", "_main")
    ):
        frame = frame.f_back
    while (
        frame
        and frame.f_globals is pytest.main.__globals__
        and not frame.f_code.co_name.endswith("console_main")
    ):
        frame = frame.f_back
    return bool(frame and frame.f_code.co_name.endswith("console_main"))


def _block(config: pytest.Config, on: bool) -> Callable[[], None]:
    """Block calls outside a mock, or let them through; gives back what undoes it."""
    from .aws import interception

    return interception.block(_judge(config).refuse if on else None)


def _judge(config: pytest.Config) -> Judge:
    from .judging import Judge

    return config.stash.setdefault(_JUDGE, Judge())


# Markers, judged at collection where they can be


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse wrong markers of a file's module, classes and functions as an error of its collection."""
    report = yield
    wrong = configuring.wrong_markers(
        [collector, *(node for node in report.result or () if isinstance(node, pytest.Item))]
    )
    return (
        pytest.CollectReport(report.nodeid, "failed", "\n".join(wrong), [])
        if wrong and report.passed
        else report
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse wrong markers that other hooks have added, except in a worker of xdist: there the test's set-up does."""
    wrong = configuring.wrong_markers(items)
    if wrong and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(wrong))


# Fixtures


@contextmanager
def _mock_of(
    node: Any, config: pytest.Config, scope: str = "function"
) -> Generator[SageMakerMetricsMock]:
    """A mock with the settings of a node, judged after each test."""
    from .activation.activation import activate, deactivate

    given, _ = configuring.marked(node)
    rank = len(_SCOPES) - _SCOPES.index(scope)
    hint = configuring.opt_out_hint(scope)
    record = activate(given, name_of(node), hint, rank, _judge(config))
    try:
        yield record.mock
    finally:
        deactivate(record)


@pytest.fixture
def _sm_metrics_mock(request: pytest.FixtureRequest) -> Iterator[SageMakerMetricsMock]:
    """What `sm_metrics` is, also where somebody puts another fixture of that name on top."""
    with _mock_of(request.node, request.config) as mock:
        yield mock


@pytest.fixture
def sm_metrics(_sm_metrics_mock: SageMakerMetricsMock) -> SageMakerMetricsMock:
    """Amazon SageMaker Metrics, in memory: every SageMaker Metrics client of the process answers from it.

    It is on for the whole test. `sm_metrics["run-1"]["loss"].values` are the Values that were logged; `assert_logged`, `rejected`,
    `calls` and the rest say what arrived and what became of it. Settings: `@pytest.mark.sm_metrics(metric_limit=100)`.
    """
    return _sm_metrics_mock


@pytest.fixture
def sm_metrics_cloudtrail(sm_metrics: SageMakerMetricsMock) -> CloudTrail:
    """`sm_metrics.cloudtrail`: the CloudTrail data events that an auditor would see, and trails that hold them."""
    return sm_metrics.cloudtrail


def _shared_by(scope: Any, tests: str) -> Any:
    def shared(request: pytest.FixtureRequest) -> Iterator[SageMakerMetricsMock]:
        with _mock_of(request.node, request.config, scope) as mock:
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
        fixtures._register_fixture(
            name="sm_metrics_package", func=function, nodeid=collector.nodeid, scope="package"
        )


# Around each test


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Put the mode of the test in force, in place of the one that holds between tests."""
    outer = dataclasses.replace(current_test)
    between = item.config.stash.get(_MODE, "off")
    mode = item.stash[_MODE] = configuring.mode_of(item, between)
    restore = _block(item.config, mode != "off") if (mode == "off") != (between == "off") else None
    try:
        with ExitStack() as item.stash[_OWN_MOCK]:
            return (yield)
    finally:
        current_test.name, current_test.phase = outer.name, outer.phase
        if restore:
            restore()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Set the mocks up before every other fixture of their scope, wherever they stand among the arguments.

    So they are on for the whole test: pytest sets fixtures up in the order of `fixturenames`, wider scopes first, and
    tears them down the other way round. In the mode `mock`, a test that asks for none gets one.
    """
    item.stash[_HAS_FAILED] = False
    current_test.name, current_test.phase = name_of(item), "setup"
    if "pytest_sm_metrics.mock" in sys.modules:
        from .aws.active import active

        active.begin_test()
    wrong = configuring.wrong_markers(item.listchain())
    if wrong:
        raise pytest.UsageError("\n".join(wrong))
    function: Any = item
    names: list[str] = getattr(item, "fixturenames", [])
    if "sm_metrics" in names:
        on_top = _definitions(item, "sm_metrics")[
            1:
        ]  # of users; what the one below asks for is not in `names` before pytest 9
        if "_sm_metrics_mock" not in names and all(
            "sm_metrics" in definition.argnames for definition in on_top
        ):
            names = ["_sm_metrics_mock", *names]
    elif not _MOCKS.intersection(names) and item.stash.get(_MODE, "off") == "mock":
        names = ["_sm_metrics_mock", *names]
    if not hasattr(item, "fixturenames") and item.stash.get(_MODE, "off") == "mock":
        item.stash[_OWN_MOCK].enter_context(_mock_of(item, item.config))
    elif _MOCKS.intersection(names):
        function.fixturenames = sorted(
            names, key=lambda name: (_SCOPES.index(_scope_of(item, name)), name not in _MOCKS)
        )
    with _noting_failure(item):
        yield


def _definitions(item: Any, name: str) -> Any:
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return (
        known.get(name) or item.session._fixturemanager.getfixturedefs(name, item) or ()
    )  # not known: some hook has added it


def _scope_of(item: Any, name: str) -> str:
    definitions = _definitions(item, name)
    return definitions[-1].scope if definitions else "function"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the test when its body has passed, so that it is the test that fails, and xfail applies."""
    __tracebackhide__ = True
    current_test.phase = "call"
    with _noting_failure(item):
        if "pytest_sm_metrics.mock" not in sys.modules:
            yield
            return
        case = getattr(item, "instance", None)
        if "unittest" in sys.modules and isinstance(case, sys.modules["unittest"].TestCase):
            from .activation.unittest_cases import judged_when_run

            with judged_when_run(case, _judge(item.config), lambda: _tell(item)):
                yield
        elif "hypothesis" in sys.modules:
            from .activation.hypothesis_examples import Examples, function_scope_allowed

            test = getattr(item, "obj", None)
            arguments = getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
            others = [
                name
                for name in arguments
                if name not in _CLEAN and _scope_of(item, name) == "function"
            ]
            with function_scope_allowed(test, others), Examples(_judge(item.config), test):
                yield
        else:
            yield
    _tell(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge what only the teardown shows."""
    current_test.phase = "teardown"
    try:
        with _noting_failure(item), item.stash.get(_OWN_MOCK, nullcontext()):
            yield
    finally:
        current_test.name = None
        _tell(item)


@contextmanager
def _noting_failure(item: pytest.Item) -> Generator[None]:
    __tracebackhide__ = True
    try:
        yield
    except BaseException:
        item.stash[_HAS_FAILED] = True
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that a part of the test has failed of its own (subtests and test cases fail without raising), and show its calls."""
    report = yield
    if report.failed:
        item.stash[_HAS_FAILED] = True
        if "pytest_sm_metrics.mock" in sys.modules:
            from .reporting import sections

            report.sections += sections(whole=item.config.get_verbosity() >= 2)
    return report


_Failed: Any = type("Failed", (pytest.fail.Exception, AssertionError), {"__module__": "builtins"})
"""What `pytest.fail` raises, for an `xfail` that names AssertionError too."""


def _tell(item: pytest.Item) -> None:
    """Fail the test if something was found, unless it has failed of its own."""
    judge = item.config.stash.get(_JUDGE, None)
    findings = judge.take() if judge else []
    if findings and not item.stash.get(_HAS_FAILED, False):
        from .judging import verdict

        raise _Failed(verdict(findings), pytrace=False)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    from .comparing import explain_comparison

    return explain_comparison(op, left, right)
