"""The hooks around collection and around each test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from ..current_test import current_test, name_of
from .fixtures import BLOCKED, CLEAN, MOCKS, SCOPES, mock_of
from .options import MARKER, MODE

if TYPE_CHECKING:
    from ..aws.active import ActiveMock
    from .judge import Judge

_STATE = pytest.StashKey["_TestState"]()
_NO_EFFECT = pytest.StashKey[dict[Any, str]]()
"""In a worker of xdist: what is wrong with the markers of nodes."""
_LATE = pytest.StashKey[list[str]]()
"""The findings that no test has reported."""
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

    return without_effect([(item, _mocks_used_by(item)) for item in marked], whole)


def _mocks_used_by(item: Any) -> set[str] | None:
    """Return the fixtures of mocks that a test asks for; None if it may ask for one later."""
    names: list[str] = getattr(item, "fixturenames", [])
    used = {name for name in MOCKS if _uses(item, name)}
    if _asks_for_ours(item, names):
        used.add("_sm_metrics_mock")
    mode = item.stash.get(MODE, None) or _mode_of(item, item.config.stash.get(MODE, "off"))
    if mode == "mock" and not used and BLOCKED not in names:
        used.add("_sm_metrics_mock")
    return None if not used and _may_ask_late(item) else used


def _asks_for_ours(item: Any, names: list[str]) -> bool:
    """Return True if a test asks for `sm_metrics`, and no fixture of that name hides ours."""
    if "sm_metrics" not in names:
        return False
    on_top = _definitions(item, "sm_metrics")[1:]
    return all("sm_metrics" in definition.argnames for definition in on_top)


def _markers_without_effect_at_the_end(item: Any) -> list[str]:
    """Return what is wrong with the markers of a test that could have asked for a mock later."""
    if item.get_closest_marker(MARKER) is None or _mocks_used_by(item) is not None:
        return []
    from .markers import without_effect

    return list(without_effect([(item, set())], whole=False).values())


def _may_ask_late(item: Any) -> bool:
    """Return True if the test, or a fixture of a user, has `request`, which returns any fixture."""
    info = getattr(item, "_fixtureinfo", None)
    if "request" in getattr(info, "argnames", ()):
        return True
    known: dict[str, Any] = getattr(info, "name2fixturedefs", {})
    return any(
        "request" in definition.argnames
        and not definition.func.__module__.startswith(("_pytest.", "pytest_sm_metrics."))
        for definitions in known.values()
        for definition in definitions
    )


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
    no_effect = _markers_without_effect(items, whole=not is_part)
    yield
    if hasattr(config, "workerinput"):
        config.stash[_NO_EFFECT] = no_effect
        return
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
        current_test.name, current_test.phase, current_test.owner = outer
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
    item.stash[_STATE] = _TestState()
    current_test.name, current_test.phase, current_test.owner = name_of(item), "setup", item
    if "pytest_sm_metrics.mock" in sys.modules:
        from ..aws.active import active

        active.begin_test()
        active.is_hidden = _hidden_mocks(item)
    judge = _judge_of(item.config)
    if judge:
        judge.begin_test(item.nodeid)
    chain = item.listchain()
    of_session: dict[Any, str] = item.config.stash.get(_NO_EFFECT, {})
    no_effect = {**of_session, **_markers_without_effect([item])}
    wrong = [*_wrong_markers(chain), *(no_effect[node] for node in chain if node in no_effect)]
    _set_up_mocks_first(item)
    try:
        yield  # also with a wrong marker: the teardown of other plugins needs their set-up
    finally:
        if wrong:
            raise pytest.UsageError("\n".join(wrong))


def _judge_of(config: pytest.Config) -> Judge | None:
    """Return the judge of a session; None if no mock was activated and no call was blocked yet."""
    if "pytest_sm_metrics.aws.active" not in sys.modules:
        return None
    from .judge import judge_of

    return judge_of(config)


def _hidden_mocks(item: Any) -> Callable[[ActiveMock], bool] | None:
    """Return what hides shared mocks from a test that does not use them and is to be blocked."""
    is_blocked = item.stash.get(MODE, "off") == "block"
    if not is_blocked and BLOCKED not in getattr(item, "fixturenames", ()):
        return None
    return lambda record: record.scope_rank > 1 and not _uses(item, record.fixture)


def _uses(item: Any, fixture: str) -> bool:
    """Return True if a test asks for a fixture, in its arguments or with `getfixturevalue`."""
    late = getattr(getattr(item, "_request", None), "_fixture_defs", {})
    return fixture in getattr(item, "fixturenames", ()) or fixture in late


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


def _set_up_mocks_first(item: Any) -> None:
    """Put the mocks first among the fixtures of their scope, wherever they stand in the arguments.

    So they are on for the whole test: pytest sets fixtures up in the order of `fixturenames`,
    wider scopes first, and tears them down the other way round. In mode `mock`, a test that asks
    for no mock gets one.
    """
    names: list[str] = getattr(item, "fixturenames", [])
    needs_one = item.stash.get(MODE, "off") == "mock" and BLOCKED not in names
    if not hasattr(item, "fixturenames"):
        if needs_one:
            item.stash[_OWN_MOCK].enter_context(mock_of(item, item.config))
        return
    if "sm_metrics" in names:
        # Before pytest 9, `names` has not what a user's fixture of that name asks for.
        if "_sm_metrics_mock" not in names and _asks_for_ours(item, names):
            names = ["_sm_metrics_mock", *names]
    elif needs_one and not MOCKS.intersection(names):
        names = ["_sm_metrics_mock", *names]
    first = {*MOCKS, BLOCKED}
    if first.intersection(names):
        item.fixturenames = sorted(
            names, key=lambda name: (SCOPES.index(_scope_of(item, name)), name not in first)
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
    with _judging_parts(item):
        yield
    if not getattr(item, "_excinfo", None):  # how a test case of unittest has failed, or skipped
        _fail_for_findings(item)


def _judging_parts(item: Any) -> Any:
    """Return a context in which examples of Hypothesis and methods of test cases are judged."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return nullcontext()
    from .judge import judge_of

    case = getattr(item, "instance", None)
    unittest: Any = sys.modules.get("unittest")
    if unittest and isinstance(case, unittest.TestCase):
        from ..activation.unittest_cases import judged_when_run
        from .debugging import tear_down_inside

        stack = ExitStack()
        stack.enter_context(tear_down_inside(item, case))
        judge = judge_of(item.config)
        stack.enter_context(judged_when_run(case, judge, lambda: _fail_for_findings(item)))
        return stack
    if "hypothesis" not in sys.modules:
        return nullcontext()
    from ..activation.hypothesis_examples import Examples, function_scope_allowed

    test = getattr(item, "obj", None)
    arguments = getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
    stack = ExitStack()
    if CLEAN.intersection(arguments):
        others = [name for name in arguments if _is_other_of_function_scope(item, name)]
        stack.enter_context(function_scope_allowed(test, others))
    stack.enter_context(Examples(judge_of(item.config), test))
    return stack


def _is_other_of_function_scope(item: Any, name: str) -> bool:
    """Return True for a user's fixture of function scope, False for an argument of parametrize."""
    is_fixture = item.session._fixturemanager.getfixturedefs(name, item)
    return bool(is_fixture) and name not in CLEAN and _scope_of(item, name) == "function"


def _fail_for_findings(item: pytest.Item) -> None:
    """Fail the test for what its judge found, unless it has failed by itself."""
    judge = _judge_of(item.config)
    findings = judge.take() if judge else []
    if judge and findings and item.stash[_STATE].outcome != "failed":
        judge.note_raised(item.nodeid, "call", findings)
        raise _failure("\n".join([*findings, "the test itself passed"]))


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
        found = _found_in_teardown(item, nextitem.listchain() if nextitem else [])
        current_test.name, current_test.phase, current_test.owner = None, "", None
        judge = _judge_of(item.config)
        if judge and found:
            judge.note_raised(item.nodeid, "teardown", found)
        if has_raised:
            item.stash[_STATE].also_found = found
    if found:
        raise _failure("\n".join(found), of_teardown=True)


def _found_in_teardown(item: pytest.Item, remaining: list[Any]) -> list[str]:
    """Return the messages that are an error of the teardown, whatever the test itself did."""
    messages = _markers_without_effect_at_the_end(item)
    judge = _judge_of(item.config)
    if judge is None:
        return messages
    state = item.stash.get(_STATE, None) or _TestState()  # another plugin left the set-up out
    left_over = judge.stop_leftovers(remaining)
    found = judge.take_findings(unused=state.outcome == "passed")
    judge.take()  # faults that a test could not use, since it did not run to its end
    causes = judge.causes_beside(state.outcome)
    return [*(one.message for one in found if one.cause in causes), *messages, *left_over]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what becomes of the test; add the section with the calls to the report of a failure."""
    report = yield
    if call.excinfo and getattr(call.excinfo.value, "_is_of_teardown", False):
        report.outcome = "failed"  # xfail is about the test, and this is not
        vars(report).pop("wasxfail", None)
    state = item.stash.get(_STATE, None)
    if state:
        _fail_if_also_found(report, state.also_found)
        state.outcome = _outcome_after(report, state.outcome)
    if report.failed:
        report.sections += [*_sections(item), *_scope_hint(call)]
    return report


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


def _scope_hint(call: pytest.CallInfo[None]) -> list[tuple[str, str]]:
    """Return a section about a wider fixture that asks for the mock of one test."""
    error = str(call.excinfo.value) if call.excinfo else ""
    if not error.startswith("ScopeMismatch") or "function scoped fixture sm_metrics" not in error:
        return []
    hint = (
        "sm_metrics is the mock of one test. A fixture of a wider scope asks for the mock of its "
        "scope: sm_metrics_class, sm_metrics_module, sm_metrics_package or sm_metrics_session."
    )
    return [("SageMaker Metrics", hint)]


def _sections(item: pytest.Item) -> list[tuple[str, str]]:
    """Return the sections of a failing test. What goes wrong here must not end the run."""
    judge = _judge_of(item.config)
    if judge is None:
        return []
    state = item.stash.get(_STATE, None)
    found = [("SageMaker Metrics findings", one) for one in (state.also_found if state else [])]
    try:
        from ..reports.test_section import sections

        is_whole = item.config.get_verbosity() >= 2
        return [*sections(name_of(item), judge.blocked, is_whole), *found]
    except Exception as error:
        from ..wording import printable_lines, safe_repr

        why = printable_lines(f"this section could not be made: {safe_repr(error)}")
        return [("SageMaker Metrics calls", why), *found]


def _failure(message: str, of_teardown: bool = False) -> BaseException:
    """Return what `pytest.fail` raises, for an `xfail` that names AssertionError too."""
    from ..wording import printable_lines

    bases: Any = (pytest.fail.Exception, AssertionError)
    failed: Any = type("Failed", bases, {"__module__": "builtins", "_is_of_teardown": of_teardown})
    failure: BaseException = failed(printable_lines(message), pytrace=False)
    return failure


# After the last test


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Judge the mocks that are torn down after the last test, because the run was stopped."""
    judge = _judge_of(session.config)
    if judge:
        judge.is_finishing = True
    try:
        yield
    except pytest.exit.Exception as error:
        if _found_late(session) and error.returncode == 0:
            error.returncode = pytest.ExitCode.TESTS_FAILED
        raise
    finally:
        _found_late(session)


def _found_late(session: Any) -> list[str]:
    """Return what no test has reported, and fail the run for it."""
    judge = _judge_of(session.config)
    late: list[str] = session.config.stash.setdefault(_LATE, [])
    if judge:
        late += [message for message in judge.take_at_the_end() if message not in late]
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["sm_metrics"] = late
    if late and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return late


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of xdist found after its last test."""
    late = node.config.stash.setdefault(_LATE, [])
    found = getattr(node, "workeroutput", {}).get("sm_metrics", [])
    late += [message for message in found if message not in late]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Report what was found outside of tests."""
    found = config.stash.get(_LATE, [])
    config.stash[_LATE] = []
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
        _found_late(session)
    if reporter:
        pytest_terminal_summary(reporter, config)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a failed `in` or `==` on what a mock shows."""
    if "pytest_sm_metrics.mock" not in sys.modules:
        return None
    from .comparisons import explain_comparison

    try:
        return explain_comparison(op, left, right)
    except Exception as error:  # the assertion is what failed
        from ..wording import safe_repr

        return [f"{op} could not be explained: {safe_repr(error)}"]
