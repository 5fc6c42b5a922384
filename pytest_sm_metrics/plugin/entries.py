"""The entries of a report: the tests of a run, collected in the process that reports them."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..clock import as_datetime, now, real_clock
from ..wording import encodable, printable, safe_repr
from .failures import report_late, reported

if TYPE_CHECKING:
    from ..reports.record import TestRecord
    from ..reports.run import ResultRecord, RunRecord, SubtestRecord
    from .attachments import Attachment

_LAST = 1 << 60
"""The place of a test whose place in the collection is not known."""


def accepted_paths(config: pytest.Config, files: Sequence[str]) -> list[Path]:
    """Return the paths of the reports; raise a UsageError for a wrong one."""
    from ..reports.files import check_path

    paths: dict[str, Path] = {}
    for file in files:
        path = config.invocation_params.dir / file
        try:
            check_path(path)
            name = os.path.normcase(path.resolve())
            if name in paths:
                raise ValueError(f"the report {printable(str(path))!r} is given twice.")
        except (ValueError, ImportError, OSError) as error:
            raise pytest.UsageError(f"--sm-metrics-report={file}: {error}") from None
        paths[name] = path
    return list(paths.values())


class _Place(NamedTuple):
    """The place of an entry in the report."""

    in_collection: int
    """The place of its test in the collection."""
    worker: tuple[int, str]
    """The worker, `gw2` before `gw10`."""
    arrival: int


class _Entry(NamedTuple):
    place: _Place
    result: dict[str, Any]
    record: str


class Entries:
    """The tests of a run, and the reports that are made of them."""

    def __init__(self, config: pytest.Config, paths: Sequence[Path]) -> None:
        self.interrupted: dict[str, Attachment] = {}
        """The attachments of interrupted tests, by node id."""
        self.written: list[Path] = []
        """The reports that are written."""
        self._config = config
        self._paths = paths
        self._session: Any = None
        self._is_finished = False
        self._started, self._start = now(), real_clock()
        self._entries: list[_Entry] = []
        self._without_mock = 0
        self._reports: dict[tuple[str, str], list[pytest.TestReport]] = {}
        """The reports of the tests in progress, by worker and node id."""
        self._attached: dict[tuple[str, str], Attachment] = {}
        """The attachments of the tests in progress, by worker and node id."""
        self._running: Counter[str] = Counter()
        self._collected: dict[str, dict[str, int]] = {}
        """The place of each test in the collection, by worker and node id."""

    # Hooks

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Note the session, whose exit status goes into the report."""
        self._session = session

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the order of the tests."""
        self._note_order("", [item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Note the order of the tests in a worker of xdist."""
        self._note_order(node.gateway.id, ids)

    def _note_order(self, worker: str, ids: Sequence[str]) -> None:
        self._collected[worker] = {}
        for index, node_id in enumerate(ids):
            self._collected[worker].setdefault(node_id, index)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a test runs."""
        self._running[nodeid] += 1

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note that it runs no more. Attempts at it may have begun several times."""
        self._running.pop(nodeid, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over the test that was interrupted in a worker of xdist."""
        interrupted = getattr(node, "workeroutput", {}).get("sm_metrics_interrupted")
        if interrupted:
            self.interrupted[interrupted[0]] = interrupted[1]

    def add(self, report: pytest.TestReport, attached: Attachment | None) -> None:
        """Add the report of one phase of a test, or of a subtest."""
        key = _worker_of(report), report.nodeid
        if report.when == "setup":
            self._close_rerun(key)
        reports = self._reports.setdefault(key, [])
        reports.append(report)
        if attached:
            self._attached[key] = attached
        if _text(report, "when") == "???":  # xdist reports a worker that crashed
            self._running.pop(report.nodeid, None)
            self._attached.pop(key, None)
            interrupted = self.interrupted.pop(report.nodeid, None)
            outcome = "interrupted" if interrupted else "crashed"
            self._close(key, reports, interrupted, outcome)
        elif report.when == "teardown":
            self._close(key, reports, self._attached.pop(key, None), _outcome(reports))

    def _close_rerun(self, key: tuple[str, str]) -> None:
        """Close an attempt whose teardown pytest-rerunfailures before 16 does not report."""
        reports = self._reports.get(key, [])
        if reports:
            self._close(key, reports, self._attached.pop(key, None), _outcome(reports))

    # Entries

    def _close(
        self,
        key: tuple[str, str],
        reports: Sequence[pytest.TestReport],
        attached: Attachment | None,
        outcome: str,
    ) -> None:
        self._reports.pop(key, None)
        if attached is None and outcome not in ("crashed", "interrupted"):
            self._without_mock += outcome != "rerun"
            return
        from ..reports.counts import no_counts

        failures = [one.longreprtext for one in reports if _has_failed(one)]
        problems = [attached["problem"]] if attached and attached["problem"] else []
        worker, node_id = key
        result = {
            "test": attached["test"] if attached else _without_group(self._config, node_id),
            "outcome": outcome,
            "duration": sum(one.duration for one in reports if not _is_of_subtest(one)),
            "worker": worker,
            "failure": encodable("\n\n".join([*failures, *problems])),
            "subtests": [_subtest(one) for one in reports if _is_of_subtest(one)],
            "counts": attached["counts"] if attached else no_counts(),
        }
        place = self._place(worker, node_id, reports)
        self._entries.append(_Entry(place, result, attached["record"] if attached else ""))

    def _place(self, worker: str, node_id: str, reports: Sequence[pytest.TestReport]) -> _Place:
        index = self._collected.get(worker, {}).get(node_id, _LAST)
        if index == _LAST:  # the test of a worker that has not reported anything
            places = [one[node_id] for one in self._collected.values() if node_id in one]
            index = min(places, default=_LAST)
        for report in reports:
            index = getattr(report, "item_index", index)  # the same test may be there twice
        return _Place(index, (len(worker), worker), len(self._entries))

    def _close_interrupted(self) -> None:
        """Add the tests that were in progress when the run was interrupted."""
        for (worker, node_id), reports in list(self._reports.items()):
            self._running[node_id] -= 1
            self._close_in_progress(worker, node_id, reports)
        for node_id in list(+self._running):
            self._close_in_progress("", node_id, [])

    def _close_in_progress(
        self, worker: str, node_id: str, reports: Sequence[pytest.TestReport]
    ) -> None:
        """Add a test in progress. In this process it has a record if it used a mock."""
        attached = self.interrupted.pop(node_id, None)
        if attached is None and self._collected.get(""):
            self._without_mock += 1
            return
        self._close((worker, node_id), reports, attached, "interrupted")

    # The reports

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Write the reports, also after an interruption or an internal error."""
        try:
            yield
        finally:
            self.finish()

    def finish(self) -> None:
        """Write the reports once; none if the tests are only collected."""
        if self._is_finished or self._config.getoption("collectonly", False):
            return
        self._is_finished = True
        messages: list[str] = []
        with reported(self._config, "made a report"):
            run = self._run()
            messages = [message for path in self._paths for message in self._write(run, path)]
        report_late(self._config, messages)
        has_failed = len(self.written) < len(self._paths)
        passed = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if has_failed and self._session and self._session.exitstatus in passed:
            self._session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self, run: RunRecord, path: Path) -> list[str]:
        """Write one report. Return a message if that fails: the others are still written."""
        from ..reports import files

        try:
            files.write(run, path)
        except Exception as error:
            why = safe_repr(error)
            return [f"the report {printable(str(path))!r} could not be written: {why}"]
        self.written.append(path)
        return []

    def _run(self) -> RunRecord:
        from ..reports.counts import summed
        from ..reports.run import FORMAT, versions

        self._close_interrupted()
        tests = [_result(entry) for entry in sorted(self._entries, key=lambda one: one.place)]
        ours, others = versions()
        return {
            "format": FORMAT,
            "version": ours,
            "versions": others,
            "started": as_datetime(self._started).isoformat(),
            "duration": real_clock() - self._start,
            "exit_status": int(self._session.exitstatus) if self._session else None,
            "outcomes": dict(Counter(test["outcome"] for test in tests)),
            "tests_without_mock": self._without_mock,
            "counts": summed(test["counts"] for test in tests),
            "tests": tests,
        }


def _result(entry: _Entry) -> ResultRecord:
    empty: TestRecord = {
        "test": "",
        "thread_name": "",
        "process_id": 0,
        "mocks": [],
        "blocked_calls": [],
    }
    record: TestRecord = json.loads(entry.record) if entry.record else empty
    result: ResultRecord = {**record, **entry.result}  # type: ignore[typeddict-item]
    return result


def _worker_of(report: Any) -> str:
    """Return the worker of xdist that ran a test; an empty string without xdist."""
    node = getattr(report, "node", None)  # set by xdist
    gateway = getattr(node, "gateway", None)
    return str(getattr(report, "worker_id", None) or getattr(gateway, "id", ""))


def _text(report: Any, name: str) -> str:
    """Return an attribute to which plugins give more values than pytest."""
    return str(getattr(report, name))


def _without_group(config: pytest.Config, node_id: str) -> str:
    """Return a node id without the group that xdist appends to it."""
    is_grouped = config.getoption("dist", "no") == "loadgroup"
    return node_id[: node_id.rfind("@")] if is_grouped and _has_group(node_id) else node_id


def _has_group(node_id: str) -> bool:
    return node_id.rfind("@") > node_id.rfind("]")


def _is_of_subtest(report: pytest.TestReport) -> bool:
    return hasattr(getattr(report, "context", None), "kwargs")


def _has_failed(report: Any) -> bool:
    return report.outcome in ("failed", "rerun") and not _is_of_subtest(report)


def _outcome(reports: Sequence[pytest.TestReport]) -> str:
    """Return the outcome of a test whose last report has arrived."""
    outcome = "passed"
    for report in reports:
        found = _text(report, "outcome")
        if found == "rerun":
            return found
        if found == "failed" and outcome != "failed":
            outcome = "failed" if report.when == "call" else "error"
        elif outcome == "passed" and not _is_of_subtest(report):
            outcome = _unfailed_outcome(report)
    return outcome


def _unfailed_outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return report.outcome


def _subtest(report: Any) -> SubtestRecord:
    outcome = report.outcome if report.failed else _unfailed_outcome(report)
    return {
        "description": encodable(_description(report.context)),
        "outcome": outcome,
        "failure": encodable(report.longreprtext) if report.failed else "",
    }


def _description(context: Any) -> str:
    """Return the message and the arguments of a subtest, as pytest shows them."""
    arguments = ", ".join(f"{name}={value}" for name, value in context.kwargs.items())
    parts = [f"[{context.msg}]" if context.msg is not None else ""]
    parts.append(f"({arguments})" if arguments else "")
    return " ".join(filter(None, parts)) or "(<subtest>)"
