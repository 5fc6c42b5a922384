"""A real browser for the tests of the HTML report, and the pages that it opens."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from pytest_sm_metrics.reports.html import page as render

from ..server.conftest import network  # noqa: F401

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def pytest_collection_modifyitems(items):
    missing = _missing()
    for item in items if missing else ():
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=missing))


def _missing():
    """Return what is missing for these tests; an empty text if nothing is."""
    for module in ("jinja2", "playwright"):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed"
    return "" if _chromium() else "there is no chromium here"


def _chromium():
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="module")
def browser():
    """Start Chromium, once for each module: meanwhile Playwright has an event loop running."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=_chromium(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe():
    """Return the source of axe-core; skip the test if it is not installed."""
    folders = [os.environ.get("AXE_CORE", ""), os.environ.get("NODE_PATH", "")]
    for folder in filter(None, folders):
        for path in (Path(folder), Path(folder, "axe.min.js"), Path(folder, "axe-core/axe.min.js")):
            if path.is_file():
                return path.read_text(encoding="utf-8")
    pytest.skip("axe-core is not installed: npm install axe-core, and set NODE_PATH")


@pytest.fixture
def visit(browser):
    """Return a function that opens a page, and fails the test if the page complains or asks."""
    contexts, troubles = [], []

    def open_page(url, size=(1280, 900), allowed="file:", **options):
        width, height = size
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, timezone_id="Asia/Tokyo", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(allowed) else troubles.append(request.url)
            ),
        )
        page.troubles = troubles
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def show(visit, tmp_path):
    """Return a function that writes the page of a run, and opens it from the disk."""

    def open_run(run, fragment="", **options):
        path = tmp_path / "report.html"
        path.write_text(render(run), encoding="utf-8")
        return visit(path.as_uri() + fragment, **options)

    return open_run
