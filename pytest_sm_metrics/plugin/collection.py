"""Wrong markers, and markers that reach no mock: refused at collection where that is possible."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

import pytest

from ..current_test import current_test
from .failures import reported
from .options import MARKER

_NO_EFFECT = pytest.StashKey[dict[Any, str]]()
"""In a worker of xdist: what is wrong with the markers of nodes."""


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail the collection of a file whose module, classes or functions have wrong markers."""
    outer, current_test.phase = current_test.phase, f"collection of {collector.nodeid or '.'}"
    try:
        report = yield
    finally:
        current_test.phase = outer
    items = [node for node in report.result or () if isinstance(node, pytest.Item)]
    with reported(collector.config, "checked markers"):
        wrong = _wrong_markers([collector, *items])
        if wrong and report.passed:
            return pytest.CollectReport(report.nodeid, "failed", "\n".join(wrong), [])
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Refuse markers that reach no mock, and wrong ones that other hooks have added.

    In a worker of xdist, where an error would end the run, the set-up of each test refuses them.
    """
    is_part = any("::" in arg for arg in config.args) or config.getoption("lf", False)
    no_effect: dict[Any, str] = {}
    with reported(config, "checked markers"):
        no_effect = _markers_without_effect(items, whole=not is_part)
    yield
    if hasattr(config, "workerinput"):
        config.stash[_NO_EFFECT] = no_effect
        return
    with reported(config, "checked markers"):
        wrong = [*no_effect.values(), *_wrong_markers(items)]
        if wrong:
            raise pytest.UsageError("\n".join(dict.fromkeys(wrong)))


def wrong_markers_of(item: Any) -> list[str]:
    """Return what is wrong with the markers of a test, also with those added after collection."""
    chain = item.listchain()
    of_session: dict[Any, str] = item.config.stash.get(_NO_EFFECT, {})
    no_effect = {**of_session, **_markers_without_effect([item])}
    return [*_wrong_markers(chain), *(no_effect[node] for node in chain if node in no_effect)]


def _wrong_markers(nodes: Iterable[Any]) -> list[str]:
    marked = [node for node in nodes if any(mark.name == MARKER for mark in node.own_markers)]
    if not marked:
        return []
    from .markers import wrong_markers

    return wrong_markers(marked)


def _markers_without_effect(items: Iterable[Any], whole: bool = False) -> dict[Any, str]:
    """Return what is wrong with markers that reach no mock, by node.

    `whole`: the items are all tests of their files.
    """
    marked = [item for item in items if item.get_closest_marker(MARKER) is not None]
    if not marked:
        return {}
    from .markers import without_effect

    return without_effect(marked, whole)
