"""The end of a run: what no test has reported fails it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from .failures import LATE, report_late, reported
from .running import judge_of_run


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Judge the mocks that are torn down after the last test, because the run was stopped."""
    judge = None
    with reported(session.config, "judged the last mocks"):
        judge = judge_of_run(session.config)
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
        judge = judge_of_run(session.config)
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
