"""A test: its mode and mocks, what fails it, and the sections of its report."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ..current_test import current_test, name_of
from . import each_fault
from .collection import wrong_markers_of
from .failures import internal_error, reported, safe_repr
from .fixtures import BLOCKED, MOCKS, mock_of
from .options import MARKER, MODE

if TYPE_CHECKING:
    from .judge import Judge

_STATE = pytest.StashKey["_TestState"]()
_OWN_MOCK = pytest.StashKey[ExitStack]()
"""The mock of a test that is no function, and can't ask for a fixture."""


class _TestState:
    """The state of a test."""

    def __init__(self) -> None:
        self.outcome = "passed"
        """`passed`, `failed`, `skipped` or `xfailed`."""
        self.also_found: list[str] = []
        """Findings that must not hide another error of the teardown."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Apply the mode of the test, in place of the one that holds between tests."""
    outer = current_test.name, current_test.phase, current_test.owner
    mode = ExitStack()
    with reported(item.config, "applied the mode of a test"):
        _apply_mode(item, mode)
    try:
        with ExitStack() as item.stash[_OWN_MOCK]:
            return (yield)
    finally:
        current_test.name, current_test.phase, current_test.owner = outer
        with reported(item.config, "applied the mode between tests"):
            mode.close()


def _apply_mode(item: pytest.Item, contexts: ExitStack) -> None:
    between = item.config.stash.get(MODE, "off")
    mode = item.stash[MODE] = _mode_of(item, between)
    if (mode == "off") != (between == "off"):
        from .blocking import block

        contexts.callback(block(item.config, mode != "off"))


def _mode_of(item: pytest.Item, default: str) -> str:
    if item.get_closest_marker(MARKER) is None:
        return default
    from .markers import mode_of

    return mode_of(item, default)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Set the mocks up before every other fixture of their scope."""
    item.stash[_STATE] = _TestState()
    try:
        wrong = _begin_test(item)
    except Exception as error:
        wrong = [internal_error("set up a test", error)]
    try:
        yield  # also with a wrong marker: the teardown of other plugins needs their set-up
    finally:
        if wrong:
            raise pytest.UsageError("\n".join(wrong))


def _begin_test(item: Any) -> list[str]:
    """Prepare everything for a test, and return what is wrong with its markers."""
    current_test.name, current_test.phase, current_test.owner = name_of(item), "setup", item
    if "pytest_sm_metrics.mock" in sys.modules:
        from ..aws.active import active
        from .asking import hidden_mocks

        active.begin_test()
        active.is_hidden = hidden_mocks(item)
    judge = judge_of_run(item.config)
    if judge:
        judge.begin_test(item.nodeid)
    _set_up_mocks_first(item)
    return wrong_markers_of(item)


def judge_of_run(config: pytest.Config) -> Judge | None:
    """Return the judge of a run; None if no mock was activated and no call was blocked yet."""
    if "pytest_sm_metrics.aws.active" not in sys.modules:
        return None
    from .judge import judge_of

    return judge_of(config)


def _set_up_mocks_first(item: Any) -> None:
    """Have the mocks of a test set up first, also the one that it gets in the mode `mock`."""
    names: set[str] = set(getattr(item, "fixturenames", ()))
    needs_one = item.stash.get(MODE, "off") == "mock" and BLOCKED not in names
    if not hasattr(item, "fixturenames"):
        if needs_one:
            item.stash[_OWN_MOCK].enter_context(mock_of(item, item.config))
    elif needs_one or names & {"sm_metrics", BLOCKED, *MOCKS}:
        from .asking import mocks_first

        mocks_first(item, needs_one)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Note the node that owns what a wider fixture starts."""
    if request.scope == "function" or current_test.owner is None:
        return (yield)
    outer, current_test.owner = current_test.owner, request.node
    try:
        return (yield)
    finally:
        current_test.owner = outer


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Judge the test when its body has passed, so that the test itself fails, and xfail applies."""
    __tracebackhide__ = True
    current_test.phase = "call"
    parts: Any = nullcontext()
    if "pytest_sm_metrics.mock" in sys.modules:
        from .results import judging_parts

        parts = judging_parts(item, partial(_fail_for_findings, item))
    with parts:
        yield
    if not getattr(item, "_excinfo", None):  # how a test case of unittest has failed, or skipped
        _fail_for_findings(item)


def _fail_for_findings(item: pytest.Item) -> None:
    """Fail the test for what its judge found, unless it has failed by itself."""
    judge = judge_of_run(item.config)
    findings = judge.take() if judge else []
    if judge and findings and item.stash[_STATE].outcome != "failed":
        from .results import failure

        judge.note_raised(item.nodeid, "call", findings)
        raise failure("\n".join([*findings, "the test itself passed"]))
    unproven = each_fault.why_it_proves_nothing(item)
    if unproven and item.stash[_STATE].outcome != "failed":
        raise pytest.skip.Exception(unproven, _use_item_location=True)  # the test, not this line


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """Judge what only the teardown shows, and what belongs to wider fixtures."""
    current_test.phase = "teardown"
    if "pytest_sm_metrics.aws.active" in sys.modules:
        from ..aws.active import active

        active.is_hidden = None  # a wider fixture that uses a mock is torn down after any test
    has_raised = True
    try:
        with item.stash.get(_OWN_MOCK, nullcontext()):
            yield
        has_raised = False
    finally:
        try:
            found = _found_in_teardown(item, nextitem.listchain() if nextitem else [])
        except Exception as error:
            found = [internal_error("judged a test", error)]
        current_test.name, current_test.phase, current_test.owner = None, "", None
        with reported(item.config, "judged a test"):
            judge = judge_of_run(item.config)
            if judge and found:
                judge.note_raised(item.nodeid, "teardown", found)
        if has_raised:
            item.stash[_STATE].also_found = found
    if found:
        from .results import failure

        raise failure("\n".join(found), of_teardown=True)


def _found_in_teardown(item: pytest.Item, remaining: list[Any]) -> list[str]:
    """Return the messages that are an error of the teardown."""
    messages: list[str] = []
    if item.get_closest_marker(MARKER) is not None:
        from .markers import without_effect_at_the_end

        messages = without_effect_at_the_end(item)
    judge = judge_of_run(item.config)
    if judge:
        from .results import found_in_teardown

        state = item.stash.get(_STATE, None) or _TestState()  # another plugin left the set-up out
        messages += found_in_teardown(judge, state.outcome, remaining)
    return messages


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what becomes of the test; add the section with the calls to the report of a failure."""
    report = yield
    with reported(item.config, "reported a test"):
        error = call.excinfo.value if call.excinfo else None
        _note_outcome(item, report, error)
        if report.failed:
            report.sections += [*_sections(item), *_scope_hint(error)]
    return report


def _note_outcome(item: pytest.Item, report: pytest.TestReport, error: object) -> None:
    if getattr(error, "_is_of_teardown", False):
        report.outcome = "failed"  # xfail is about the test, and this is not
        vars(report).pop("wasxfail", None)
    state = item.stash.get(_STATE, None)
    if state:
        _fail_if_also_found(report, state.also_found)
        state.outcome = _outcome_after(report, state.outcome)


def _fail_if_also_found(report: pytest.TestReport, found: list[str]) -> None:
    """Fail the report of a teardown that is skipped or fails as expected, and has findings."""
    if found and not report.failed:
        from ..wording import printable_lines

        report.outcome, report.longrepr = "failed", printable_lines("\n".join(found))
        vars(report).pop("wasxfail", None)
        found.clear()


def _outcome_after(report: pytest.TestReport, before: str) -> str:
    """Return the outcome of a test after one of its reports, some of which are of subtests."""
    if report.failed or before == "failed":
        return "failed"
    if report.skipped:
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    return "passed" if report.when == "call" else before


def _sections(item: pytest.Item) -> list[tuple[str, str]]:
    """Return the sections of a failing test."""
    judge = judge_of_run(item.config)
    if judge is None:
        return []
    from .results import sections_of

    state = item.stash.get(_STATE, None)
    return sections_of(item, judge, state.also_found if state else [])


def _scope_hint(error: object) -> list[tuple[str, str]]:
    """Return a section about a wider fixture that asks for the mock of one test."""
    if not isinstance(error, pytest.fail.Exception) or "ScopeMismatch" not in str(error):
        return []
    if "function scoped fixture sm_metrics" not in str(error):
        return []
    hint = (
        "sm_metrics is the mock of one test. A fixture of a wider scope asks for the mock of its "
        "scope: sm_metrics_class, sm_metrics_module, sm_metrics_package or sm_metrics_session."
    )
    return [("SageMaker Metrics", hint)]


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    try:
        from .comparisons import explain_comparison

        return explain_comparison(op, left, right)
    except Exception as error:  # the assertion is what failed
        return [f"{op} could not be explained: {safe_repr(error)}"]
