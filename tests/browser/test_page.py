"""The HTML report in a real browser, as a reader uses it."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from pytest_sm_metrics.wording import printable

from ..reports.sample_runs import FAILURE, mock, result, rich_result, run_of, series
from .conftest import render

RICH = "tests/test_train.py::test_curves_arrive"
HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"quoted\" 'twice' `and` ${more} {{ 7 * 7 }} {% raw %}",
    "right \u202e to left, nul \x00, surrogate \ud83d, bell \x07",
    "x" * 10_000,
    "]]> <!-- --> &lt;b&gt; &amp; \u2028 \u2029",
]


def rich_run(**changes):
    return run_of(rich_result(outcome="failed", failure=FAILURE, **changes))


def several(count):
    """Return a run of many tests, every tenth of which failed."""
    calls = rich_result()["mocks"][0]["calls"][4:7]
    tests = []
    for number in range(count):
        curve = [1 / (step + 1) for step in range(20)]
        metric = "accuracy" if number % 2 else "loss"
        seen = mock(calls=calls, series=[series(curve, f"own-{number}", metric)])
        failed = number % 10 == 9
        tests.append(
            result(
                f"tests/test_{number // 20}.py::test_upload[{number}]",
                seen,
                outcome="failed" if failed else "passed",
                failure=FAILURE if failed else "",
                duration=(count - number) / 100,
                worker=f"gw{number % 2}",
            )
        )
    return run_of(*tests)


def chart_of(*all_series):
    return run_of(result("test_it", mock(series=list(all_series))))


def shown(page):
    return page.locator("#list > li:not([hidden])")


def colors_in(page, canvas="#list canvas"):
    """Return the number of different colors in the first chart; 1 if it is blank."""
    return page.locator(canvas).first.evaluate(
        """(canvas) => {
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )


class TestADocumentOfOneTest:
    def test_it_is_open_and_has_everything(self, show):
        page = show(rich_run())
        headings = page.locator(".body h4").all_inner_texts()
        assert headings == [
            "Failure",
            "Curves",
            "Calls",
            "Rejected metrics",
            "Injected faults",
            "CloudTrail",
            "Settings",
        ]
        assert page.locator(".chart").count() == 2
        assert colors_in(page) > 3
        text = page.locator(".body").inner_text()
        for expected in (
            "At index 1 diff",
            "Value.finite",
            "assumed",
            "injected",
            "never fired",
            "no answer, ReadTimeoutError",
            "metric_limit",
        ):
            assert expected in text

    def test_events_are_made_when_they_are_unfolded(self, show):
        page = show(rich_run())
        assert page.locator(".fold .fold").count() == 0
        page.get_by_text("120 events", exact=True).click()
        assert page.locator(".fold .fold").count() == 50
        page.locator(".fold .fold summary").first.click()
        assert '"eventSource"' in page.locator(".fold pre").inner_text()

    def test_of_many_calls_the_first_are_shown(self, show):
        calls = rich_result()["mocks"][0]["calls"] * 3
        page = show(run_of(result("test_it", mock(calls=calls))))
        rows = page.locator(".scroll tbody").first.locator("tr")
        assert rows.count() == 200
        page.get_by_role("button", name="Show the other").first.click()
        assert rows.count() == len(calls)
        assert page.evaluate("document.activeElement === document.querySelectorAll('tr')[201]")

    def test_subtests_and_blocked_calls(self, show):
        subtests = [{"description": "[epoch 2]", "outcome": "failed", "failure": "E   nothing"}]
        page = show(rich_run(subtests=subtests, blocked_calls=["BatchPutMetrics 'run-1'"]))
        assert "failed [epoch 2]" in " ".join(page.locator(".subtests").inner_text().split())
        assert page.get_by_text("Blocked calls, outside a mock").is_visible()


class TestCharts:
    def readout_at(self, page, share):
        frame = page.locator(".frame").first
        over = frame.locator(".u-over").bounding_box()
        page.mouse.move(over["x"] + over["width"] * share, over["y"] + 60)
        return page.locator(".readout").first

    def test_the_pointer_reads_step_and_value_of_each_run(self, show):
        page = show(chart_of(series([1, 2, 3]), series([10, 20, 30], "run-2")))
        readout = self.readout_at(page, 0.5)
        assert readout.inner_text().split() == ["step", "1", "run-1", "2", "run-2", "20"]

    def test_arrow_keys_read_it_too(self, show):
        page = show(chart_of(series([1, 2, 3])))
        frame = page.locator(".frame").first
        frame.press("ArrowRight")
        frame.press("ArrowRight")
        spoken = page.locator(".chart [aria-live]").first
        assert spoken.inner_text() == "step 1: run-1 2"
        frame.press("End")
        assert spoken.inner_text() == "step 2: run-1 3"
        frame.press("Home")
        assert page.locator(".readout").inner_text().split() == ["step", "0", "run-1", "1"]

    def test_a_step_that_arrived_twice_has_both_values(self, show):
        page = show(chart_of(series([1, 2, 7, 3], steps=[0, 1, 1, 2])))
        assert self.readout_at(page, 0.5).inner_text().split() == [
            "step",
            "1",
            "run-1",
            "2",
            "and",
            "7",
        ]

    def test_values_that_are_not_finite_are_gaps(self, show):
        page = show(chart_of(series([1, "NaN", 3, "Infinity", 5])))
        assert "2 values are not finite: a gap." in page.locator(".notes").inner_text()
        assert self.readout_at(page, 0.25).inner_text().split() == ["step", "1", "run-1", "NaN"]

    def test_a_value_between_two_gaps_is_a_point(self, show):
        one, gap = [1.0] * 200, ["NaN"] * 200
        before = show(chart_of(series(one + gap + gap))).locator("canvas").screenshot()
        after = show(chart_of(series(one + gap + [1.0] + gap[1:]))).locator("canvas").screenshot()
        assert before != after

    def test_the_log_axis_says_what_it_leaves_out(self, show):
        page = show(chart_of(series([0, 0.001, 0.1, 100])))
        before = page.locator("canvas").first.screenshot()
        page.get_by_label("log axis").check()
        assert "1 value is 0 or less" in page.locator(".notes").inner_text()
        assert page.locator("canvas").first.screenshot() != before
        assert colors_in(page) > 3

    def test_without_a_positive_value_there_is_no_log_axis(self, show):
        page = show(chart_of(series([0, -1])))
        assert page.get_by_label("log axis").is_disabled()

    def test_by_time_and_by_order(self, show):
        page = show(chart_of(series([1, 2, 3], seconds=[0, 60, 120])))
        mode = page.get_by_label("Horizontal axis")
        mode.select_option("time")
        assert "2026-09-01 12:01:00" in self.readout_at(page, 0.5).inner_text()
        mode.select_option("order")
        assert "point 2" in self.readout_at(page, 0.5).inner_text()

    def test_without_steps_it_is_by_time_or_by_order(self, show):
        page = show(chart_of(series([1, 2], steps=[None, None], seconds=[5, 5])))
        assert page.get_by_label("Horizontal axis").locator("option").all_inner_texts() == [
            "by order of arrival"
        ]

    def test_odd_series(self, show):
        odd = [[1], [], ["NaN"], [5, 5, 5], [1e308, -1e308], [1e-320], [1e-320, 1e308]]
        named = (series(values, metric=f"m{number}") for number, values in enumerate(odd))
        page = show(chart_of(*named))
        page.locator("canvas").nth(len(odd) - 1).wait_for()
        for box in page.get_by_label("log axis").all():
            if box.is_enabled():
                box.check()
        for frame in page.locator(".u-over").all():
            frame.hover()
        assert page.locator("canvas").count() == len(odd)

    def test_a_hundred_thousand_points_are_fewer(self, show):
        page = show(chart_of(series(map(float, range(100_000)), seconds=[0] * 100_000)))
        assert "1\u202f998 of 100\u202f000 points" in page.locator(".notes").inner_text()
        assert "1\u202f998 of 100\u202f000" in page.locator("td").all_inner_texts()

    def test_a_hundred_runs_in_one_chart(self, show):
        page = show(chart_of(*(series([number, 2], f"run-{number}") for number in range(100))))
        page.locator("canvas").wait_for()
        assert "and 88 more" in page.locator(".legend").inner_text()


class TestFilters:
    @pytest.fixture
    def page(self, show):
        return show(several(50))

    def said(self, page):
        return page.locator("#shown").inner_text()

    def test_by_outcome(self, page):
        assert self.said(page) == "50 tests shown"
        page.get_by_label("passed 45").uncheck()
        assert (shown(page).count(), self.said(page)) == (5, "5 of 50 tests shown")
        page.get_by_label("failed 5").uncheck()
        assert page.get_by_text("No test passes the filters.").is_visible()
        page.get_by_role("button", name="Reset filters").click()
        page.wait_for_function("document.querySelector('#shown').textContent == '50 tests shown'")

    def test_by_test_run_and_metric(self, page):
        page.get_by_label("Test", exact=True).fill("TEST_1.py")
        assert self.said(page) == "20 of 50 tests shown"
        page.get_by_label("Metric", exact=True).fill("acc")
        assert self.said(page) == "10 of 50 tests shown"
        page.get_by_label("Run", exact=True).fill("own-21")
        assert shown(page).locator(".t").all_inner_texts() == ["tests/test_1.py::test_upload[21]"]

    def test_orders(self, page):
        page.get_by_label("Order").select_option("duration")
        assert "[0]" in shown(page).locator(".t").first.inner_text()
        page.get_by_label("Order").select_option("outcome")
        first = shown(page).locator(".t").all_inner_texts()[:6]
        assert [name.partition("[")[2] for name in first] == [
            "9]",
            "19]",
            "29]",
            "39]",
            "49]",
            "0]",
        ]

    def test_failing_tests_can_be_opened_and_closed_together(self, page):
        page.get_by_role("button", name="Open failing tests").click()
        assert page.locator("#list > li > details[open]").count() == 5
        page.get_by_role("button", name="Close all").click()
        assert page.locator("#list > li > details[open]").count() == 0


class TestLinks:
    def test_a_link_opens_its_test_and_scrolls_to_it(self, show):
        name = "tests/test_2.py::test_upload[49]"
        page = show(several(50), "#" + quote(name, safe=""))
        page.wait_for_timeout(200)
        opened = page.locator("#list > li > details[open]")
        assert opened.locator(".t").inner_text() == name
        assert opened.locator(".body").is_visible()
        top = opened.bounding_box()["y"]
        assert 0 <= top < 700
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"

    def test_the_link_of_a_test_is_its_address(self, show):
        page = show(rich_run())
        page.get_by_role("link", name="Link to this test").click()
        assert page.url.endswith("#" + quote(RICH, safe=""))

    def test_a_rerun_has_several_entries(self, show):
        run = run_of(
            result("test_it", outcome="rerun"), result("test_it", outcome="passed"), result("other")
        )
        page = show(run, "#test_it;1")
        assert "rerun" in page.locator("details[open] summary").inner_text()
        page.evaluate("location.hash = '#test_it'")
        page.wait_for_function("document.querySelectorAll('details[open]').length == 2")

    @pytest.mark.parametrize("fragment", ["#nothing", "#%", "#tests", "#test_it;99"])
    def test_other_fragments(self, show, fragment):
        page = show(run_of(result("test_it"), result("other")), fragment)
        assert page.locator("details[open]").count() == (1 if "test_it" in fragment else 0)


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
    def test_they_are_text(self, show, name):
        calls = [dict(call) for call in rich_result()["mocks"][0]["calls"][:5]]
        for call in calls:
            call.update(names=name, ending=name, items=[name], faults=[name], thread_name=name)
            call["call"] = {**call["call"], "trial_component": name, "operation": name}
        seen = mock(
            calls=calls,
            series=[series([1, 2], name, name, region=name), series([1], "other", name)],
            settings={name: name},
            faults=[{"kind": name, "description": name, "hits": 0, "matches": 0}],
            trails=[name],
            events=[{name: name, "eventName": name}],
        )
        subtests = [{"description": name, "outcome": "failed", "failure": name}]
        found = result(name, seen, outcome="failed", failure=name, worker=name, subtests=subtests)
        page = show(run_of(found, found, blocked=[name], versions={name: name}))
        page.get_by_role("button", name="Open failing tests").click()
        page.locator(".fold summary", has_text="1 event").first.click()
        page.locator(".fold .fold summary").first.click()
        assert page.title() == "SageMaker Metrics in 2 tests"
        assert page.locator("img, iframe, #list script").count() == 0
        assert page.evaluate("document.scripts.length") == 4
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        visible = page.locator(".t").first.inner_text()
        assert visible[:40].split() == printable(name)[:40].split()

    def test_a_link_to_a_hostile_name(self, show):
        page = show(run_of(result(HOSTILE[0]), result("other")), "#" + quote(HOSTILE[0], safe=""))
        assert page.locator("details[open] .t").inner_text() == HOSTILE[0]


AXE = """async (options) => {
    const {violations} = await axe.run(document, options);
    return violations.flatMap(({id, nodes}) =>
        nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}"""


class TestEverybodyCanReadIt:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize(("tests", "size"), [(1, (1280, 900)), (50, (400, 800))])
    def test_axe_finds_nothing(self, show, axe, scheme, size, tests):
        subtests = [{"description": "[2]", "outcome": "failed", "failure": "E   nothing"}]
        run = several(tests) if tests > 1 else rich_run(subtests=subtests)
        page = show(run, size=size, color_scheme=scheme, bypass_csp=True)
        if tests > 1:
            page.get_by_role("button", name="Open failing tests").click()
        else:
            page.get_by_text("120 events", exact=True).click()
            page.locator(".fold .fold summary").first.click()
        page.wait_for_timeout(100)
        page.evaluate(axe)
        assert page.evaluate(AXE, {}) == []

    def test_the_keyboard_is_enough(self, show):
        page = show(several(3))
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the tests"
        page.keyboard.press("Enter")
        seen = []
        for _ in range(30):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.tagName"))
            if seen[-1] == "SUMMARY":
                break
        assert "INPUT" in seen
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("Enter")
        page.locator("#list > li > details[open] .body").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Link to this test"

    def test_dark_charts_have_other_colors(self, show):
        page = show(chart_of(series([1, 2, 3])))
        page.wait_for_timeout(100)
        light = page.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(100)
        assert page.locator("canvas").evaluate("(canvas) => canvas.toDataURL()") != light

    def test_a_narrow_screen_does_not_scroll_sideways(self, show):
        page = show(rich_run(), size=(360, 700))
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def test_without_scripts_the_index_is_there(self, show):
        page = show(several(50), java_script_enabled=False)
        assert "<noscript>" in page.content()
        assert page.locator("#list > li").count() == 50


class TestPrint:
    def test_failing_tests_are_printed_open(self, show):
        page = show(several(50), color_scheme="dark")
        assert page.locator("#list > li > details[open]").count() == 0
        pdf = page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")
        assert len(pdf) > 40_000
        assert page.locator("#list > li > details[open]").count() == 0

    def test_there_are_no_controls(self, show):
        page = show(several(50), color_scheme="dark")
        page.emulate_media(media="print")
        assert not page.locator("#filters").is_visible()
        background = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(background) == "rgb(255, 255, 255)"


class TestManyTests:
    def test_two_thousand_tests_open_quickly(self, show, tmp_path):
        """The time is that of the processor: the machine may be busy with other work."""
        page = show(run_of(result()))
        (tmp_path / "many.html").write_text(render(several(2000)), encoding="utf-8")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def seconds():
            metrics = session.send("Performance.getMetrics")["metrics"]
            return {one["name"]: one["value"] for one in metrics}["TaskDuration"]

        page.goto((tmp_path / "many.html").as_uri())
        page.get_by_label("Test", exact=True).fill("test_7.py")
        assert page.locator("#shown").inner_text() == "20 of 2\u202f000 tests shown"
        assert 0.01 < seconds() < 2
