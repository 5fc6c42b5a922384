"""The documentation as a site: both themes, a narrow screen, search, the reference."""

from __future__ import annotations

import functools
import http.server
import os
import re
import threading
from pathlib import Path

import pytest

import pytest_sm_metrics

SITE = os.environ.get("SM_METRICS_SITE")
PAGES = [
    "index.html",
    "activation.html",
    "faults.html",
    "rules.html",
    "sweeps-found.html",
    "benchmarks.html",
    "api/the-mock.html",
    "api/faults.html",
    "source/examples/uploading.html",
]

pytestmark = pytest.mark.skipif(SITE is None, reason="nox -s docs builds the site")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    """Serve the site; search does not work from a folder."""
    handler = functools.partial(Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def open_page(visit, site):
    """Return a function that opens a page, which may make no request to another host."""
    return lambda name, **options: visit(site + name, allowed=(site, "data:"), **options)


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_screen_shows_a_page_without_scrolling_to_the_side(open_page, name):
    page = open_page(name, size=(390, 844))
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize(("scheme", "theme"), [("light", "default"), ("dark", "slate")])
def test_the_theme_is_that_of_the_system(open_page, scheme, theme):
    page = open_page("index.html", color_scheme=scheme)
    assert page.locator("body").get_attribute("data-md-color-scheme") == theme


def test_the_theme_can_be_switched(open_page):
    page = open_page("index.html", color_scheme="light")
    page.get_by_title("Switch to the dark theme").locator("visible=true").first.click()
    page.wait_for_selector("body[data-md-color-scheme=slate]")


@pytest.mark.parametrize(
    ("query", "page_found"),
    [
        ("METRIC_LIMIT_EXCEEDED", "faults.html"),
        ("throttling", "faults.html"),
        ("wait_for", "api/the-mock.html"),
    ],
)
def test_search_finds_a_page(open_page, query, page_found):
    page = open_page("index.html")
    page.get_by_label("Search", exact=True).first.click()
    page.keyboard.type(query)
    page.wait_for_selector(f".md-search-result__link[href*='{page_found}']")


def test_links_to_sources_lead_to_their_pages(open_page):
    page = open_page("how-it-works.html")
    page.get_by_role("link", name="service.py").first.click()
    page.wait_for_url("**/source/pytest_sm_metrics/service/service.py.html")
    assert "class Service:" in page.inner_text("article")


@pytest.mark.parametrize("name", pytest_sm_metrics.__all__)
def test_the_reference_has_every_public_name(name):
    pages = Path(SITE, "api").glob("*.html")
    headings = [re.findall(r'<h2 id="([^"]+)"', page.read_text(encoding="utf-8")) for page in pages]
    assert any(anchor.endswith(f".{name}") for anchors in headings for anchor in anchors)
