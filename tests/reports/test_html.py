"""The HTML report as text: safe, bounded, and always the same."""

from __future__ import annotations

import base64
import hashlib
import html as escapes
import json
import re
import sys

import pytest

pytest.importorskip("jinja2", reason="the extra report is not installed")

from pytest_sm_metrics.reports.html import _FOLDER as FOLDER
from pytest_sm_metrics.reports.html import duration, page
from pytest_sm_metrics.reports.page_data import CALLS, EVENTS, POINTS, REJECTED, SERIES
from pytest_sm_metrics.reports.page_data import test_data as data_of

from .sample_runs import FAILURE, mock, result, rich_result, run_of, series

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"quoted\" 'twice' `and` ${more} {{ 7 * 7 }} {% raw %}",
    "right \u202e to left, nul \x00, surrogate \ud83d, bell \x07",
    "x" * 10_000,
    "<!-- <script> -->",
    "lines \u2028 and \u2029 and \r\n",
]


def blocks(text):
    """Return the data in a page."""
    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)
    return list(map(json.loads, found))


def policy(text):
    [content] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    return escapes.unescape(content)


class TestThePage:
    def test_it_is_always_the_same(self):
        run = run_of(rich_result())
        assert page(run) == page(json.loads(json.dumps(run)))

    def test_the_index_has_each_test(self):
        first = result("a.py::test_one", worker="gw1", duration=1.5)
        text = page(run_of(first, result("a.py::test_two", outcome="failed")))
        rows = re.findall(r"<summary>(.*?)</summary>", text)
        texts = [re.sub("<[^>]*>", " ", row.replace("<wbr>", "")) for row in rows]
        plain = [" ".join(text.split()) for text in texts]
        assert plain == [
            "✓ passed a.py::test_one calls 0 metrics 0 rejected 0 time 1.50 s gw1",
            "✗ failed a.py::test_two calls 0 metrics 0 rejected 0 time 250 ms",
        ]

    def test_the_header_has_versions_and_totals(self):
        text = page(run_of(result(outcome="failed"), tests_without_mock=3))
        for expected in ("python 3.11.2", "botocore 1.40.0", "12.50 s", "tests failed"):
            assert expected in text
        assert "and 3 tests without a mock" in text

    def test_a_run_without_tests(self):
        assert "No test used a mock of SageMaker Metrics." in page(run_of(exit_status=5))

    def test_it_needs_nothing_else(self):
        text = page(run_of(rich_result()))
        assert not re.findall(r"<(?:link|img|iframe|object|embed)\b", text)
        assert not re.findall(r"\b(?:src|href)=\"(?!#)", text)

    def test_its_policy_allows_its_own_script_and_style(self):
        text = page(run_of(result()))
        [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)

        def digest(source):
            return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()

        assert policy(text).split("; ") == [
            "default-src 'none'",
            f"script-src 'sha256-{digest(script)}'",
            f"style-src 'sha256-{digest(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]

    def test_a_live_page_may_ask_its_server(self):
        assert policy(page(run_of(result()), live=True)).endswith("connect-src 'self'")

    def test_no_part_of_the_page_ends_the_script_early(self):
        text = page(run_of(result()))
        assert len(re.findall(r"<script\b", text)) == 3
        assert text.count("</script>") == 3

    def test_it_carries_the_licence_of_uplot(self):
        assert "The MIT License" in page(run_of())


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
    def test_they_are_never_markup(self, name):
        calls = [dict(call) for call in rich_result()["mocks"][0]["calls"][:3]]
        for call in calls:
            call.update(names=name, ending=name, items=[name], faults=[name], thread_name=name)
            call["call"] = {**call["call"], "trial_component": name, "operation": name}
        seen = mock(
            calls=calls,
            series=[series([1], name, name, region=name)],
            settings={name: name},
            faults=[{"kind": name, "description": name, "hits": 0, "matches": 0}],
            trails=[name],
            events=[{name: [name]}],
        )
        subtests = [{"description": name, "outcome": "failed", "failure": name}]
        found = result(name, seen, failure=name, worker=name, subtests=subtests)
        text = page(run_of(found, blocked_calls=[name], versions={name: name}, version=name))
        text.encode()
        assert len(re.findall(r"<script\b", text)) == 3
        assert "<img" not in text
        assert not re.search("[\x00\x07\u202e\u2028\u2029\ud800-\udfff]", text)
        index, data = blocks(text)
        assert index["tests"][0][1].encode()
        assert data["series"][0]["run"]


class TestTheDataOfATest:
    def test_a_call(self):
        first, second, third, *_ = data_of(rich_result())["calls"]
        assert first["kind"] == "failed"
        assert first["faults"] == ["fail_calls('ThrottlingException', times=1)"]
        assert first["ending"] == "400 ThrottlingException: Rate exceeded"
        assert (first["at"], second["at"] > 0) == (0, True)
        assert (second["kind"], third["kind"]) == ("lost", "partial")

    def test_a_call_of_another_thread_or_process(self):
        found = rich_result()
        calls = found["mocks"][0]["calls"]
        calls[0]["thread_name"] = "loader"
        calls[1]["process_id"] = -1
        assert [one["from"] for one in data_of(found)["calls"][:3]] == [
            "thread loader",
            "process -1",
            "",
        ]

    def test_a_rejected_metric_has_its_rule_with_provenance(self):
        rejected = data_of(rich_result())["rejected"]
        assert [one["injected"] for one in rejected].count(True) == 2
        by_rule = rejected[-1]
        assert (by_rule["rule"], by_rule["provenance"]) == ("Value.finite", "assumed")
        assert by_rule["source"].startswith("published nowhere")

    def test_a_setting_has_its_default(self):
        assert [1, "metric_limit", "500", "None"] in data_of(rich_result())["settings"]

    def test_a_series(self):
        [found] = data_of(result("a", mock(series=[series([3, "NaN", 1], steps=[0, None, 2])])))[
            "series"
        ]
        assert found["values"] == [3, "NaN", 1]
        assert found["steps"] == [0, None, 2]
        assert (found["min"], found["max"], found["not_finite"]) == (1, 3, 1)
        assert found["without_step"] == 1
        assert found["times"][2] - found["times"][0] == 2000


class TestBounds:
    def test_without_its_data_the_page_of_2000_tests_is_under_1_mb(self):
        name = "tests/integration/test_training.py::TestUpload::test_curve[resnet-{}-adam]"
        text = page(run_of(*(result(name.format(number)) for number in range(2000))))
        data = re.findall(r'<script type="application/json".*?</script>', text)
        assert len(data) == 2001
        assert len(text.encode()) - sum(len(one.encode()) for one in data) < 1_000_000

    def test_a_long_series_is_bounded(self):
        values = [float(number % 977) for number in range(100_000)]
        [found] = data_of(result("a", mock(series=[series(values, seconds=[0] * 100_000)])))[
            "series"
        ]
        assert (found["count"], len(found["values"]) <= POINTS) == (100_000, True)
        assert (found["min"], found["max"]) == (0, 976)

    def test_calls_series_events_and_rejected_metrics_are_bounded(self):
        found = rich_result()
        [seen] = found["mocks"]
        seen["calls"] = seen["calls"] * 300
        seen["series"] = seen["series"] * 100
        seen["events"] = seen["events"] * 10
        data = data_of(found)
        bounds = (CALLS, SERIES, EVENTS, REJECTED)
        kept = tuple(len(data[name]) for name in ("calls", "series", "events", "rejected"))
        assert kept == bounds
        assert data["all_calls"] == len(seen["calls"])
        assert data["all_series"] == 600
        assert data["all_rejected"] > REJECTED

    def test_a_long_failure_is_bounded(self):
        data = data_of(result(failure="x" * 1_000_000))
        assert len(data["failure"]) < 101_000
        assert data["failure"].endswith("the JSON report has the rest")

    def test_a_failure_keeps_its_lines(self):
        assert data_of(result(failure=FAILURE + "\n\tend"))["failure"] == FAILURE + "\n        end"


def test_without_jinja_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"pip install 'pytest-sm-metrics\[report\]'"):
        page(run_of())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 ms"), (0.0123, "12 ms"), (0.9999, "1.00 s"), (3.4, "3.40 s"), (59.999, "1 min 0 s")],
)
def test_durations(seconds, expected):
    assert duration(seconds) == expected


def test_the_chart_library_is_the_version_that_we_name():
    script = (FOLDER / "uPlot.iife.min.js").read_text(encoding="utf-8")
    [version] = re.findall(r"/\*! https://github.com/leeoniya/uPlot \(v([\d.]+)\) \*/", script)
    documentation = FOLDER.parents[2] / "docs/report-page.md"
    assert f"uPlot {version}" in documentation.read_text(encoding="utf-8")
