"""The live page of the server in a real browser."""

from __future__ import annotations

import pytest

pytest.importorskip("aiohttp", reason="the extra server is not installed")

from ..server.conftest import put_document, put_over_http, send, serving


@pytest.fixture
def live(visit, sm_metrics_server):
    """Return a function that opens the live page of the server."""
    return lambda: visit(f"{sm_metrics_server.url}/_sm_metrics/", allowed=sm_metrics_server.url)


def wait_for(page, text):
    page.wait_for_function(
        "(text) => document.body.innerText.replaceAll('\\u202f', '').includes(text)", arg=text
    )


def test_it_refreshes_itself_and_loses_nothing(live, sm_metrics, sm_metrics_server):
    sm_metrics.cloudtrail.create_trail("audit")
    url = sm_metrics_server.url
    put_over_http(url, *[2.0] * 10)
    page = live()
    assert page.title() == "Live: SageMaker Metrics"
    wait_for(page, "Live. The page refreshes itself.")
    page.get_by_label("log axis").check()
    page.get_by_label("Horizontal axis").select_option("order")
    page.get_by_label("log axis").focus()
    page.evaluate("scrollTo(0, 150)")
    before = page.locator("#list canvas").screenshot()

    put_over_http(url, 1.0, 1e-3, 1e3)
    send(url, "PUT", "/BatchPutMetrics", put_document(5.0, name="accuracy", run="run-2"))
    wait_for(page, "2 series")
    page.locator("#list canvas").nth(1).wait_for()
    assert page.locator("#total-calls").inner_text() == "3"
    assert page.locator("#list > li .n").first.inner_text().endswith("3")
    assert page.locator("#list canvas").count() == 2
    assert page.locator("#list canvas").first.screenshot() != before
    assert page.get_by_label("log axis").first.is_checked()
    assert page.get_by_label("Horizontal axis").first.input_value() == "order"
    assert page.evaluate("document.activeElement.dataset.key") == "log-loss"
    assert page.evaluate("scrollY") == 150
    assert page.locator("#list > li > details").get_attribute("open") is not None


def test_it_asks_for_nothing_but_the_report(live, sm_metrics, sm_metrics_server):
    page = live()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert set(asked) <= {f"{sm_metrics_server.url}/_sm_metrics/report"}
    assert sm_metrics.calls == ()


def test_a_mock_that_has_seen_nothing(live, sm_metrics):
    page = live()
    wait_for(page, "The mock saw no call.")


def test_it_says_that_it_is_no_longer_live(visit):
    with serving() as process:
        page = visit(f"{process.url}/_sm_metrics/", allowed=process.url)
        wait_for(page, "Live. The page refreshes itself.")
        process.kill()
        wait_for(page, "Not live")
    page.troubles.clear()  # the browser reports the connection that was refused
