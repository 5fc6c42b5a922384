"""The hooks around collection and around each test."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ..current_test import current_test, name_of
from . import each_fault
from .failures import LATE, internal_error, report_late, reported, safe_repr
from .fixtures import BLOCKED, MOCKS, mock_of
from .options import MARKER, MODE

if TYPE_CHECKING:
    from .judge import Judge

_STATE = pytest.StashKey["_TestState"]()
_NO_EFFECT = pytest.StashKey[dict[Any, str]]()
"""In a worker of xdist: what is wrong with the markers of nodes."""
_OWN_MOCK = pytest.StashKey[ExitStack]()
"""The mock of a test that is no function, and can't ask for a fixture."""


# Markers, refused at collection where that is possible


def _wrong_markers(nodes: Iterable[Any]) -> list[str]:
    marked = [node for node in nodes if any(mark.name == MARKER for mark in node.own_markers)]
    if not marked:
        return []
    from .markers import wrong_markers

    return wrong_markers(marked)


def _markers_without_effect(items: Iterable[Any], whole: bool = False) -> dict[Any, str]:
    """Return what is wrong with markers that reach no mock, by node.

    `whole`: the items are all tests of their files.
    """
    marked = [item for item in items if item.get_closest_marker(MARKER) is not None]
    if not marked:
        return {}
    from .markers import without_effect

    return without_effect(marked, whole)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail the collection of a file whose module, classes or functions have wrong markers."""
    outer, current_test.phase = current_test.phase, f"collection of {collector.nodeid or '.'}"
    try:
        report = yield
    finally:
        current_test.phase = outer
    items = [node for node in report.result or () if isinstance(node, pytest.Item)]
    with reported(collector.config, "checked markers"):
        wrong = _wrong_markers([collector, *items])
        if wrong and report.passed:
            return pytest.CollectReport(report.nodeid, "failed", "\n".join(wrong), [])
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Refuse markers that reach no mock, and wrong ones that other hooks have added.

    In a worker of xdist, where an error would end the run, the set-up of each test refuses them.
    """
    is_part = any("::" in arg for arg in config.args) or config.getoption("lf", False)
    no_effect: dict[Any, str] = {}
    with reported(config, "checked markers"):
        no_effect = _markers_without_effect(items, whole=not is_part)
    yield
    if hasattr(config, "workerinput"):
        config.stash[_NO_EFFECT] = no_effect
        return
    with reported(config, "checked markers"):
        wrong = [*no_effect.values(), *_wrong_markers(items)]
        if wrong:
            raise pytest.UsageError("\n".join(dict.fromkeys(wrong)))


# Around each test


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
    judge = _judge_of(item.config)
    if judge:
        judge.begin_test(item.nodeid)
    _set_up_mocks_first(item)
    chain = item.listchain()
    of_session: dict[Any, str] = item.config.stash.get(_NO_EFFECT, {})
    no_effect = {**of_session, **_markers_without_effect([item])}
    return [*_wrong_markers(chain), *(no_effect[node] for node in chain if node in no_effect)]


def _judge_of(config: pytest.Config) -> Judge | None:
    """Return the judge of a session; None if no mock was activated and no call was blocked yet."""
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
    judge = _judge_of(item.config)
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
            judge = _judge_of(item.config)
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
    judge = _judge_of(item.config)
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
    judge = _judge_of(item.config)
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


# After the last test


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Judge the mocks that are torn down after the last test, because the run was stopped."""
    judge = None
    with reported(session.config, "judged the last mocks"):
        judge = _judge_of(session.config)
    if judge:
        judge.is_finishing = True
    try:
        yield
    except pytest.exit.Exception as error:
        with reported(session.config, "judged the last mocks"):
            if _found_late(session) and error.returncode == 0:
                error.returncode = pytest.ExitCode.TESTS_FAILED
        raise
    finally:
        with reported(session.config, "judged the last mocks"):
            _found_late(session)


def _found_late(session: Any) -> list[str]:
    """Return what no test has reported, and fail the run for it."""
    with reported(session.config, "judged the last mocks"):
        judge = _judge_of(session.config)
        report_late(session.config, judge.take_at_the_end() if judge else [])
    late: list[str] = session.config.stash[LATE]
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["sm_metrics"] = late
    if late and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return late


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of xdist found after its last test."""
    report_late(node.config, getattr(node, "workeroutput", {}).get("sm_metrics", []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Report what was found outside of tests."""
    found = config.stash.get(LATE, [])
    config.stash[LATE] = []
    if found:
        from ..wording import printable_lines

        terminalreporter.write_sep("=", "SageMaker Metrics, outside of tests", red=True)
        for message in found:
            terminalreporter.write_line(printable_lines(message))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Report what no summary has reported: there is none after an internal error."""
    session, reporter = map(config.pluginmanager.get_plugin, ("session", "terminalreporter"))
    if session:
        with reported(config, "judged the last mocks"):
            _found_late(session)
    if reporter:
        pytest_terminal_summary(reporter, config)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    try:
        from .comparisons import explain_comparison

        return explain_comparison(op, left, right)
    except Exception as error:  # the assertion is what failed
        return [f"{op} could not be explained: {safe_repr(error)}"]
