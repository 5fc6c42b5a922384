"""The hooks around collection and around each test."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import pytest

from ..current_test import current_test, name_of
from .fixtures import CLEAN, MOCKS, SCOPES, mock_of
from .options import MARKER, MODE

_HAS_FAILED = pytest.StashKey[bool]()
_OWN_MOCK = pytest.StashKey[ExitStack]()
"""The mock of a test that is no function, and can't ask for a fixture."""


# Markers, refused at collection where that is possible


def _wrong_markers(nodes: Iterable[Any]) -> list[str]:
    marked = [node for node in nodes if any(mark.name == MARKER for mark in node.own_markers)]
    if not marked:
        return []
    from .markers import wrong_markers

    return wrong_markers(marked)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail the collection of a file whose module, classes or functions have wrong markers."""
    report = yield
    items = [node for node in report.result or () if isinstance(node, pytest.Item)]
    wrong = _wrong_markers([collector, *items])
    if wrong and report.passed:
        return pytest.CollectReport(report.nodeid, "failed", "\n".join(wrong), [])
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse wrong markers that other hooks have added.

    In a worker of xdist, where an error would end the run, the test's set-up refuses them.
    """
    wrong = _wrong_markers(items)
    if wrong and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(wrong))


# Around each test


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Apply the mode of the test, in place of the one that holds between tests."""
    outer = current_test.name, current_test.phase
    between = item.config.stash.get(MODE, "off")
    mode = item.stash[MODE] = _mode_of(item, between)
    restore = None
    if (mode == "off") != (between == "off"):
        from .blocking import block

        restore = block(item.config, mode != "off")
    try:
        with ExitStack() as item.stash[_OWN_MOCK]:
            return (yield)
    finally:
        current_test.name, current_test.phase = outer
        if restore:
            restore()


def _mode_of(item: pytest.Item, default: str) -> str:
    if item.get_closest_marker(MARKER) is None:
        return default
    from .markers import mode_of

    return mode_of(item, default)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Set the mocks up before every other fixture of their scope."""
    item.stash[_HAS_FAILED] = False
    current_test.name, current_test.phase = name_of(item), "setup"
    if "pytest_sm_metrics.mock" in sys.modules:
        from ..aws.active import active

        active.begin_test()
    if "pytest_sm_metrics.plugin.judge" in sys.modules:
        from .judge import judge_of

        judge_of(item.config).begin_test()
    wrong = _wrong_markers(item.listchain())
    if wrong:
        raise pytest.UsageError("\n".join(wrong))
    _set_up_mocks_first(item)
    with _noting_failure(item):
        yield


def _set_up_mocks_first(item: Any) -> None:
    """Put the mocks first among the fixtures of their scope, wherever they stand in the arguments.

    So they are on for the whole test: pytest sets fixtures up in the order of `fixturenames`,
    wider scopes first, and tears them down the other way round. In mode `mock`, a test that asks
    for no mock gets one.
    """
    needs_one = item.stash.get(MODE, "off") == "mock"
    if not hasattr(item, "fixturenames"):
        if needs_one:
            item.stash[_OWN_MOCK].enter_context(mock_of(item, item.config))
        return
    names: list[str] = item.fixturenames
    if "sm_metrics" in names:
        # Before pytest 9, `names` has not what a user's fixture of that name asks for.
        on_top = _definitions(item, "sm_metrics")[1:]
        is_used = all("sm_metrics" in definition.argnames for definition in on_top)
        if "_sm_metrics_mock" not in names and is_used:
            names = ["_sm_metrics_mock", *names]
    elif needs_one and not MOCKS.intersection(names):
        names = ["_sm_metrics_mock", *names]
    if MOCKS.intersection(names):
        item.fixturenames = sorted(
            names, key=lambda name: (SCOPES.index(_scope_of(item, name)), name not in MOCKS)
        )


def _definitions(item: Any, name: str) -> Any:
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    if known.get(name):
        return known[name]
    return item.session._fixturemanager.getfixturedefs(name, item) or ()  # a hook has added it


def _scope_of(item: Any, name: str) -> str:
    definitions = _definitions(item, name)
    return definitions[-1].scope if definitions else "function"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the test when its body has passed, so that the test itself fails, and xfail applies."""
    __tracebackhide__ = True
    current_test.phase = "call"
    with _noting_failure(item), _judging_parts(item):
        yield
    _fail_if_found(item)


def _judging_parts(item: Any) -> Any:
    """Return a context in which examples of Hypothesis and methods of test cases are judged."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return nullcontext()
    from .judge import judge_of

    case = getattr(item, "instance", None)
    unittest: Any = sys.modules.get("unittest")
    if unittest and isinstance(case, unittest.TestCase):
        from ..activation.unittest_cases import judged_when_run

        return judged_when_run(case, judge_of(item.config), lambda: _fail_if_found(item))
    if "hypothesis" not in sys.modules:
        return nullcontext()
    from ..activation.hypothesis_examples import Examples, function_scope_allowed

    test = getattr(item, "obj", None)
    arguments = getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
    others = [
        name for name in arguments if name not in CLEAN and _scope_of(item, name) == "function"
    ]
    stack = ExitStack()
    stack.enter_context(function_scope_allowed(test, others))
    stack.enter_context(Examples(judge_of(item.config), test))
    return stack


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge what only the teardown shows."""
    current_test.phase = "teardown"
    try:
        with _noting_failure(item), item.stash.get(_OWN_MOCK, nullcontext()):
            yield
    finally:
        current_test.name = None
        _fail_if_found(item)


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
    """Note failures that nothing raises, of subtests and test cases; add the section with the calls."""
    report = yield
    if report.failed:
        item.stash[_HAS_FAILED] = True
        if "pytest_sm_metrics.mock" in sys.modules:
            from ..reports.test_section import sections
            from .judge import judge_of

            is_whole = item.config.get_verbosity() >= 2
            report.sections += sections(name_of(item), judge_of(item.config).blocked, is_whole)
    return report


def _failure(message: str) -> BaseException:
    """Return what `pytest.fail` raises, for an `xfail` that names AssertionError too."""
    bases: Any = (pytest.fail.Exception, AssertionError)
    failed: Any = type("Failed", bases, {"__module__": "builtins"})
    failure: BaseException = failed(message, pytrace=False)
    return failure


def _fail_if_found(item: pytest.Item) -> None:
    """Fail the test for what its judge found, unless it has failed by itself."""
    if "pytest_sm_metrics.plugin.judge" not in sys.modules:
        return
    from .judge import judge_of, verdict

    findings = judge_of(item.config).take()
    if findings and not item.stash.get(_HAS_FAILED, False):
        raise _failure(verdict(findings))


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    from .comparisons import explain_comparison

    return explain_comparison(op, left, right)
