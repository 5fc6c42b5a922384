"""The summary of a run: what a CI job page shows, read by a parser of CommonMark with tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_sm_metrics.reports.markdown import LINES, summary, text
from pytest_sm_metrics.wording import printable

from . import runs
from .runs import rejected, run, series

PARSER = MarkdownIt("commonmark").enable("table")
SAFE = {"text", "code_inline", "strong_open", "strong_close"}
PAGE = Path(__file__).parents[2] / "docs" / "job-summary.md"
FAILURE = """\
    def test_it(sm_metrics):
>       assert sm_metrics["run-1"]["val:loss"].last < 0.5
E       AssertionError: assert 1.9 < 0.5
E        +  where 1.9 = <MetricSeries 'val:loss': 3 values ▄▁█ [0.9, 0.3, 1.9]>.last
"""


def parsed(markdown):
    """Return the headings, the tables as rows of texts, and the paragraphs of a summary.

    There is no other markup: no link, no HTML, no image.
    """
    headings, tables, paragraphs = [], [], []
    kind = ""
    for token in PARSER.parse(markdown):
        kind = token.type if token.nesting == 1 else kind
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline":
            assert {one.type for one in token.children} <= SAFE, token.content
            content = "".join(one.content for one in token.children)
            if kind in ("th_open", "td_open"):
                tables[-1][-1].append(content)
            else:
                (headings if kind == "heading_open" else paragraphs).append(content)
        else:
            assert token.type.partition("_")[0] in {
                *("heading", "paragraph"),
                *("table", "thead", "tbody", "tr", "th", "td"),
            }, token
    return headings, tables, paragraphs


def test_failures_come_first():
    failed = runs.result("test_a.py::test_up", "failed", FAILURE, logged=[series(values=range(9))])
    failed["mocks"][0]["series"].append(series("val:loss", [0.9, 0.3, 1.9]))
    unread = runs.result("test_a.py::test_nan", rejections=[rejected()], unread=1)
    markdown = summary(run(runs.result(), unread, failed, tests_without_mock=40, exit_status=1))
    headings, [failures, rejections, others], paragraphs = parsed(markdown)
    assert headings == [
        "SageMaker Metrics: 1 failed, 2 passed",
        *("Failures", "Rejected metrics that no test read", "Other tests"),
    ]
    assert paragraphs == [
        "3 calls, 15 metrics, 1 rejected metric, 40 other tests without a mock, 12.3 s",
        "pytest-sm-metrics 0.1.0, python 3.12.1, pytest 9.0.1, botocore 1.40.0",
    ]
    assert failures == [
        ["outcome", "test", "calls", "metrics", "rejected", "failure", "curve"],
        [
            *("failed", "test_a.py::test_up", "1", "9", "0"),
            *("AssertionError: assert 1.9 < 0.5", "val:loss ▄▁█"),
        ],
    ]
    assert rejections[1:] == [
        [
            *("test_a.py::test_nan", "1", "loss at step 1"),
            "VALIDATION_ERROR: Value is nan, which is not finite",
        ]
    ]
    assert others[1:] == [
        ["passed", "test_train.py::test_it", "1", "3", "0", "loss █▃▁"],
        ["passed", "test_a.py::test_nan", "1", "3", "1", "loss █▃▁"],
    ]


def test_an_empty_run():
    headings, tables, [totals, _] = parsed(summary(run(duration=0.0)))
    assert (headings, tables) == (["SageMaker Metrics: no test used a mock"], [])
    assert totals == "0 calls, 0 metrics, 0 rejected metrics, 0.0 s"


def test_without_failures():
    headings, _, _ = parsed(summary(run(runs.result())))
    assert headings == ["SageMaker Metrics: 1 passed", "Other tests"]


def test_outside_pytest():
    one = runs.result("run-1", "")
    markdown = summary(run(one, outcomes={"": 1}, versions={}, exit_status=None))
    headings, [others], [_, versions] = parsed(markdown)
    assert headings == ["SageMaker Metrics: a report", "Other tests"]
    assert others[1] == ["", "run-1", "1", "3", "0", "loss █▃▁"]
    assert versions == "pytest-sm-metrics 0.1.0"


def test_a_run_that_failed_without_a_failed_test():
    _, _, [totals, _] = parsed(summary(run(runs.result(), exit_status=3)))
    assert totals.endswith("12.3 s, exit status 3")


@pytest.mark.parametrize("outcome", ["failed", "error", "crashed", "interrupted"])
def test_outcomes_that_are_failures(outcome):
    _, [failures], _ = parsed(summary(run(runs.result(outcome=outcome, failure="\n\nworker died"))))
    assert (failures[1][0], failures[1][5]) == (outcome, "worker died")


@pytest.mark.parametrize("outcome", ["passed", "skipped", "xfailed", "xpassed", "rerun"])
def test_outcomes_that_are_none(outcome):
    headings, _, _ = parsed(summary(run(runs.result(outcome=outcome, failure="attempt 1"))))
    assert headings == [f"SageMaker Metrics: 1 {outcome}", "Other tests"]


def test_a_failed_subtest():
    subtests = [
        {"description": "[a]", "outcome": "passed", "failure": ""},
        {"description": "[b]", "outcome": "failed", "failure": "E   assert 0"},
    ]
    _, [failures], _ = parsed(summary(run(runs.result(subtests=subtests))))
    assert failures[1][5] == "assert 0"


def test_a_test_without_series():
    _, [others], _ = parsed(summary(run(runs.result(logged=[]))))
    assert others[1][-1] == ""


def test_metrics_that_a_fault_rejected_are_not_named():
    one = runs.result(rejections=[rejected("acc", injected=True), rejected(step=None)], unread=1)
    _, [rejections, _], _ = parsed(summary(run(one)))
    assert rejections[1][2] == "loss"


ODD = [
    *("a|b", "a\\|b", "\\", "`", "``", "|", "| a ` b |", "`a|b`", "<b>bold</b>", "<!--", "&amp;"),
    *("@octocat", "x@example.com", "[a](https://example.com)", "https://example.com", "www.a.com"),
    *("![a](b)", "**a**", "_a_", "~~a~~", "# a", "- a", "---", "#1", ":+1:", "$a$", "a\nb", "\r"),
    *("\u202eevil", "\x1b[31m", "\x00", "\ud800", "\u2028", "a" * 10_000, "|" * 10_000),
    "<script>alert(1)</script>",
]
NAMES = st.one_of(
    st.text(),
    st.sampled_from(ODD),
    st.lists(st.sampled_from("|`\\ <>&@[]()!*_~#$:-\na"), max_size=120).map("".join),
)


def squeezed(shown):
    return " ".join(shown.split())


@given(NAMES)
def test_a_text_is_shown_as_it_is(name):
    _, [[_, [cell, other]]], _ = parsed(f"| a | b |\n| --- | --- |\n| {text(name)} | {text('x')} |")
    expected = printable(name.strip())
    if len(expected) <= 100:
        assert squeezed(cell) == squeezed(expected)
    else:
        assert len(cell) <= 100
    assert other == "x"
    assert "\n" not in text(name)


@pytest.mark.parametrize("name", ODD)
def test_marks_are_in_code(name):
    """GitHub makes links of mentions, issues and addresses in any text but code."""
    [*_, inline, _] = PARSER.parse(text(name)) or [None] * 3
    outside = [one.content for one in inline.children if one.type == "text"] if inline else []
    assert set("".join(outside)) <= set("|` ")


@given(NAMES, NAMES, NAMES)
@example("test", "a|b", "\\|")
def test_any_names(name, metric, reason):
    tests = [
        runs.result(name, "failed", reason, logged=[series(metric)]),
        runs.result(name, "passed", rejections=[rejected(metric, reason)], unread=1),
        runs.result(name, name),
    ]
    markdown = summary(run(*tests, version=name, versions={metric: reason}))
    _, tables, _ = parsed(markdown)
    for table in tables:
        assert {len(row) for row in table} == {len(table[0])}
    assert [len(table) for table in tables] == [2, 2, 3]
    markdown.encode()


@pytest.mark.parametrize(
    ("failed", "unread", "passed", "rows"),
    [
        (2000, 0, 0, [47]),
        (0, 0, 2000, [47]),
        (0, 2000, 0, [35, 5]),
        (1000, 500, 500, [23, 5, 5]),
        (3, 2, 2000, [3, 2, 28]),
        (30, 0, 1, [30, 1]),
    ],
)
def test_at_most_60_lines(failed, unread, passed, rows):
    tests = [
        *[runs.result(f"test_{n}", "failed", FAILURE) for n in range(failed)],
        *[runs.result(f"test_{n}", rejections=[rejected()], unread=1) for n in range(unread)],
        *[runs.result(f"test_{n}") for n in range(passed)],
    ]
    markdown = summary(run(*tests))
    assert len(markdown.splitlines()) <= LINES
    _, tables, paragraphs = parsed(markdown)
    assert [len(table) - 1 for table in tables] == rows
    if failed == 2000:
        assert "and 1,953 more" in paragraphs


def test_far_below_the_limit_of_github():
    names = "|" * 10_000
    tests = [
        runs.result(names, "failed", "`" * 10_000, logged=[series(names, range(10_000))])
        for _ in range(2000)
    ]
    assert len(summary(run(*tests)).encode()) < 2**20 / 4


def test_the_page_shows_a_summary():
    """Show on the page what `summary` makes of the run below, as GitHub renders it."""
    shown = PAGE.read_text(encoding="utf-8").partition("<!-- summary -->\n")[2].lstrip()
    assert shown == summary(sample()), "the end of docs/job-summary.md must be this summary"


def sample():
    up = [0.9, 0.6, 0.4, 0.35, 0.33, 0.4, 0.6, 0.9, 1.4]
    failure = "E   AssertionError: assert 1.4 < 0.5\nE    +  where 1.4 = <MetricSeries 'val:loss'"
    nan = rejected("train:loss", step=3)
    down = series("train:loss", [0.9, 0.5, 0.3, 0.2, 0.15])
    tests = [
        runs.result("test_train.py::test_a_curve", logged=[down]),
        runs.result("test_train.py::test_up", "failed", failure, logged=[series("val:loss", up)]),
        runs.result("test_train.py::test_nan", logged=[down], rejections=[nan], unread=1),
    ]
    return run(*tests, tests_without_mock=40, exit_status=1)
