"""The summary of a run in Markdown, for the page of a CI job."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..sparkline import sparkline
from ..wording import abridged, counted, printable
from .record import SeriesRecord
from .run import ResultRecord, RunRecord

LINES = 60
"""The most lines that a summary has."""
_FAILURES = ("failed", "error", "crashed", "interrupted")
_ORDER = (*_FAILURES, "passed", "skipped", "xfailed", "xpassed", "rerun")
_AROUND = 6  # lines for the title, the totals and the versions, with the blank lines between
_AROUND_TABLE = 7  # for the heading, the head and the number of the other rows
_LEAST_ROWS = 5  # of a table, if other tables are long
_NAME, _METRIC, _MESSAGE, _SHAPE = 100, 30, 160, 16  # characters


class _Table(NamedTuple):
    heading: str
    columns: tuple[str, ...]
    tests: list[ResultRecord]
    row: Callable[[ResultRecord], list[str]]


def summary(run: RunRecord) -> str:
    """Return the summary of a run, at most 60 lines: failures first.

    All names and messages are code spans: nothing in them is markup, a link or a mention.
    """
    tables = [table for table in _tables(run["tests"]) if table.tests]
    lines = [f"## SageMaker Metrics: {_outcomes(run)}", "", _totals(run), ""]
    sizes = [len(table.tests) for table in tables]
    for table, most in zip(tables, _rows(sizes), strict=True):
        lines += _lines(table, most)
    lines.append(_versions(run))
    return "\n".join(lines) + "\n"


def text(name: str, most: int = _NAME) -> str:
    """Return a text as Markdown that shows it as it is, also in a table; abridge a long one.

    It becomes code spans, in which GitHub and GitLab make no links, mentions and emojis. A pipe or
    a backtick stands between them as an entity, since parsers differ about these inside.
    """
    shown = abridged(printable(name.strip()), most)
    return "".join(map(_span, re.split(r"(\s*[|`]\s*)", shown)))


def _span(part: str) -> str:
    if not part or part.isspace():
        return part
    if part.strip() in ("|", "`"):
        return part.replace("|", "&#124;").replace("`", "&#96;")
    return f"`{part}`"


def _tables(tests: Sequence[ResultRecord]) -> list[_Table]:
    """Return the tables of a summary, the most important one first."""
    failures = [test for test in tests if _is_failure(test)]
    others = [test for test in tests if not _is_failure(test)]
    unread = [test for test in tests if test["counts"]["unread"]]
    counts = ("calls", "metrics", "rejected")
    return [
        _Table(
            "Failures",
            ("outcome", "test", *counts, "failure", "curve"),
            failures,
            lambda test: [*_head(test), text(_first_line(test), _MESSAGE), _curve(test)],
        ),
        _Table(
            "Rejected metrics that no test read",
            ("test", "unread", "the first rejected one", "reason"),
            unread,
            lambda test: [
                text(test["test"]),
                str(test["counts"]["unread"]),
                *_first_rejected(test),
            ],
        ),
        _Table(
            "Other tests",
            ("outcome", "test", *counts, "curve"),
            others,
            lambda test: [*_head(test), _curve(test)],
        ),
    ]


def _rows(sizes: Sequence[int]) -> list[int]:
    """Return the number of rows for each table, the first ones preferred."""
    free = LINES - _AROUND - _AROUND_TABLE * len(sizes)
    rows = [min(size, _LEAST_ROWS) for size in sizes]
    for index, size in enumerate(sizes):
        rows[index] += max(0, min(size - rows[index], free - sum(rows)))
    return rows


def _lines(table: _Table, most: int) -> Iterator[str]:
    yield f"### {table.heading}"
    yield ""
    yield f"| {' | '.join(table.columns)} |"
    numbers = ("calls", "metrics", "rejected", "unread")
    yield f"| {' | '.join('---:' if one in numbers else '---' for one in table.columns)} |"
    for test in table.tests[:most]:
        yield f"| {' | '.join(table.row(test))} |"
    yield ""
    if len(table.tests) > most:
        yield f"and {len(table.tests) - most:,} more"
        yield ""


def _is_failure(test: ResultRecord) -> bool:
    if test["outcome"] == "rerun":
        return False
    outcomes = [test["outcome"], *(one["outcome"] for one in test["subtests"])]
    return any(outcome in _FAILURES for outcome in outcomes)


def _outcomes(run: RunRecord) -> str:
    """Return the number of tests by outcome, failures first."""
    numbers = {name: number for name, number in run["outcomes"].items() if number}
    known = [name for name in _ORDER if name in numbers]
    others = [name for name in numbers if name not in _ORDER]
    parts = [f"{numbers[name]:,} {name}" for name in known]
    # Outside pytest, the outcome is empty.
    parts += [f"{numbers[name]:,} {text(name, _METRIC)}" for name in others if name]
    return ", ".join(parts) or ("a report" if run["tests"] else "no test used a mock")


def _totals(run: RunRecord) -> str:
    counts = run["counts"]
    parts = [
        counted(counts["calls"], "call"),
        counted(counts["metrics"], "metric"),
        counted(counts["rejected"], "rejected metric"),
    ]
    if run["tests_without_mock"]:
        parts.append(f"{counted(run['tests_without_mock'], 'other test')} without a mock")
    parts.append(f"{run['duration']:.1f} s")
    # A run may fail without a failed test, for example when its collection fails.
    if run["exit_status"] and not any(map(_is_failure, run["tests"])):
        parts.append(f"**exit status {run['exit_status']}**")
    return ", ".join(parts)


def _versions(run: RunRecord) -> str:
    versions = {"pytest-sm-metrics": run["version"], **run["versions"]}
    return ", ".join(text(f"{name} {version}") for name, version in versions.items())


def _head(test: ResultRecord) -> list[str]:
    counts = test["counts"]
    outcome = test["outcome"] if test["outcome"] in _ORDER else text(test["outcome"], _METRIC)
    numbers = [str(counts["calls"]), str(counts["metrics"]), str(counts["rejected"])]
    return [outcome, text(test["test"]), *numbers]


def _first_line(test: ResultRecord) -> str:
    """Return the line of a failure that says most: the first with an `E`, as pytest marks errors.

    Of a test whose subtests alone have failed, it is that of the first of them.
    """
    failures = [test["failure"], *(one["failure"] for one in test["subtests"])]
    failure = next(filter(str.strip, failures), "")
    lines = [line.strip() for line in failure.splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if re.match(r"E\s", line)]
    return next(filter(None, errors), lines[0] if lines else "")


def _curve(test: ResultRecord) -> str:
    """Return the most telling series with its shape, if the test logged any."""
    series = [one for mock in test["mocks"] for one in mock["series"] if one["values"]]
    if not series:
        return ""
    best = max(series, key=lambda one: _is_telling(one, test["failure"]))
    shape = sparkline(best["values"], _SHAPE)
    return f"{text(best['metric_name'], _METRIC)} {text(shape)}"


def _is_telling(series: SeriesRecord, failure: str) -> tuple[bool, int]:
    """Rank a series: one that the failure names, then the longest."""
    name = series["metric_name"]
    return f"'{name}'" in failure or f'"{name}"' in failure, len(series["values"])


def _first_rejected(test: ResultRecord) -> list[str]:
    """Return the name and the reason of the first metric that a rule rejected."""
    for mock in test["mocks"]:
        for call in mock["calls"]:
            for rejected in call["rejected"]:
                if not rejected["injected"]:
                    return _described(rejected)
    return ["", ""]


def _described(rejected: dict[str, Any]) -> list[str]:
    metric = rejected["metric"]
    step = "" if metric["step"] is None else f" at step {metric['step']}"
    reason = f"{rejected['code']}: {rejected['reason']}"
    return [f"{text(metric['metric_name'], _METRIC)}{step}", text(reason, _MESSAGE)]
