"""Reporting: the counts of each test, the line of the terminal summary, and the option."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from .failures import reported

if TYPE_CHECKING:
    from .attachments import Attachment
    from .entries import Entries

_NAMED = 5  # tests in the terminal summary


def start(config: pytest.Config) -> None:
    """Register the hooks of this process; raise a UsageError for a wrong path of a report."""
    files: list[str] = config.getoption("sm_metrics_report") or []
    is_worker = hasattr(config, "workerinput")
    entries = None
    if files and not is_worker:
        from .entries import Entries, accepted_paths

        entries = Entries(config, accepted_paths(config, files))
        config.pluginmanager.register(entries, "sm_metrics_entries")
    config.pluginmanager.register(Attaching(config, bool(files)), "sm_metrics_attaching")
    if not is_worker:
        config.pluginmanager.register(Summary(config, entries), "sm_metrics_summary")


class Attaching:
    """Attaches to the report of each test what its mocks saw, in each process that runs tests."""

    def __init__(self, config: pytest.Config, is_recorded: bool) -> None:
        self._config = config
        self._is_recorded = is_recorded
        has_plugin = config.pluginmanager.hasplugin
        self._needs_failures = has_plugin("rerunfailures") or has_plugin("pytest_rerunfailures")
        """True if a failed set-up or body may be the last report of an attempt."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the counts, the record if a report is asked for, and properties for junit XML."""
        report = yield
        is_last = report.when == "teardown" or (report.failed and self._needs_failures)
        if is_last and "pytest_sm_metrics.aws.active" in sys.modules:
            with reported(self._config, "counted the calls of a test"):
                self._attach(item, report)
        return report

    def _attach(self, item: pytest.Item, report: pytest.TestReport) -> None:
        from . import attachments

        attached = attachments.attachment_of(item, self._is_recorded)
        if attached is None:
            return
        vars(report)["sm_metrics"] = attached
        if report.when == "teardown" and attached["uses_mock"]:
            counts = attached["counts"]
            report.user_properties += [
                ("sm_metrics_calls", counts["calls"]),
                ("sm_metrics_metrics", counts["metrics"]),
                ("sm_metrics_rejected", counts["rejected"]),
            ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Keep the record of a test that is interrupted: it has no report of a teardown."""
        try:
            return (yield)
        except BaseException as error:
            if self._is_recorded and "pytest_sm_metrics.aws.active" in sys.modules:
                with reported(self._config, "recorded an interrupted test"):
                    self._keep(item, error)
            raise

    def _keep(self, item: pytest.Item, error: BaseException) -> None:
        from . import attachments

        attached = attachments.attachment_of(item, True)
        if attached is None:
            return
        name = type(error).__name__
        attached["problem"] = attached["problem"] or f"{name}: {error}".removesuffix(": ")
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output["sm_metrics_interrupted"] = [item.nodeid, attached]
        entries: Any = self._config.pluginmanager.get_plugin("sm_metrics_entries")
        if entries:
            entries.interrupted[item.nodeid] = attached


class Summary:
    """Takes what is attached to reports, and writes a line after the last test."""

    def __init__(self, config: pytest.Config, entries: Entries | None) -> None:
        self._config = config
        self._entries = entries
        self._tests = self._calls = self._metrics = 0
        self._unread: dict[str, int] = {}
        self._reruns: set[tuple[str, str]] = set()
        """The tests whose failed attempt is counted before its teardown, by worker and node id."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the attachment from a report before other plugins see it."""
        attached: Attachment | None = vars(report).pop("sm_metrics", None)
        outcome: Any = report.outcome
        is_rerun = outcome == "rerun"
        if report.when != "teardown" and not is_rerun:
            attached = None  # that of the teardown is to come
        with reported(self._config, "counted the calls of a test"):
            is_counted = self._is_counted(report, is_rerun)
            if attached and attached["uses_mock"] and not is_counted:
                self._count(attached, is_rerun)
            if self._entries:
                self._entries.add(report, attached)

    def _is_counted(self, report: Any, is_rerun: bool) -> bool:
        """Return True for the teardown of an attempt whose failure is counted.

        Before version 16, pytest-rerunfailures does not report that teardown.
        """
        key = (getattr(report, "worker_id", ""), report.nodeid)
        is_counted = report.when == "teardown" and key in self._reruns
        if report.when in ("setup", "teardown"):
            self._reruns.discard(key)
        if is_rerun and report.when != "teardown":
            self._reruns.add(key)
        return is_counted

    def _count(self, attached: Attachment, is_rerun: bool) -> None:
        counts = attached["counts"]
        self._tests += not is_rerun
        self._calls += counts["calls"]
        self._metrics += counts["metrics"]
        if counts["unread"]:
            test = attached["test"]
            self._unread[test] = self._unread.get(test, 0) + counts["unread"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the line about all tests, and one for each report."""
        if self._entries:
            self._entries.finish()
        if self._config.get_verbosity() < 0 or self._config.getoption("no_summary", False):
            return
        with reported(self._config, "summed the calls up"):
            if self._tests:
                self._write(terminalreporter)
            for path in self._entries.written if self._entries else ():
                terminalreporter.write_sep("-", f"SageMaker Metrics report: {path}")

    def _write(self, terminalreporter: Any) -> None:
        from ..wording import counted, printable

        calls, metrics = counted(self._calls, "call"), counted(self._metrics, "metric")
        line = f"{counted(self._tests, 'test')} used a mock, {calls}, {metrics}"
        if self._unread:
            unread = counted(sum(self._unread.values()), "rejected metric")
            names = list(map(printable, self._unread))
            more = f", ... and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            line += f"; {unread} that no test looked at, in {', '.join(names[:_NAMED])}{more}"
        terminalreporter.write_line(f"SageMaker Metrics: {line}", yellow=bool(self._unread))
