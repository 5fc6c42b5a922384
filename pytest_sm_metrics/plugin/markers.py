"""Markers: the settings and the mode that hold for a node, and what is wrong with its markers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from ..accepted import one_of
from ..settings import check_settings
from . import asking
from .fixtures import SCOPES
from .options import EACH_FAULT, MARKER, MODE, MODES

_MODE_WORDS, _is_mode = one_of(*MODES)


def settings_of(node: Any) -> dict[str, Any]:
    """Return what the markers of a node and of its parents give, the mode too; the nearest wins."""
    given: dict[str, Any] = {}
    for mark in reversed(list(_nearest_first(node))):
        farther, nearer = given.get("faults"), mark.kwargs.get("faults")
        given.update(mark.kwargs)
        if isinstance(farther, (list, tuple)) and isinstance(nearer, (list, tuple)):
            given["faults"] = [*farther, *nearer]  # those of several levels add up
    return given


def mode_of(node: Any, default: str) -> str:
    """Return the mode of a test. An invalid one is ignored here; `wrong_markers` reports it."""
    mode = settings_of(node).get("mode")
    return mode if mode in MODES else default


def opt_out_hint(scope: str) -> Callable[[str, str], str]:
    """Return a function that says how to give a setting a value, for the fixture of a scope."""
    if scope in ("session", "package"):
        return lambda name, value: f"the ini option {MARKER}_{name} = {value}"
    mark = "pytestmark = pytest.mark" if scope == "module" else "@pytest.mark"
    where = " on the class" if scope == "class" else ""
    return lambda name, value: f'{mark}.{MARKER}({name}="{value}"){where}'


def _nearest_first(node: Any) -> Iterator[Any]:
    """Return the markers of a node and of its parents, the nearest first.

    Of one node: those of a parameter set, its decorators, and for a class those of its bases.
    """
    for holder in reversed(node.listchain()):
        marks = [mark for mark in holder.own_markers if mark.name == MARKER]
        if len(marks) > 1:
            nearest = [*getattr(getattr(holder, "callspec", None), "marks", ())]
            for cls in getattr(getattr(holder, "obj", None), "__mro__", ()):
                nearest += vars(cls).get("pytestmark", ())
            marks.sort(key=lambda mark: nearest.index(mark) if mark in nearest else len(nearest))
        yield from marks


def wrong_markers(nodes: Iterable[Any]) -> list[str]:
    """Return what is wrong with the markers of these nodes themselves."""
    return [
        f"{node.nodeid}: {wrong}"
        for node in nodes
        for mark in node.own_markers
        if mark.name == MARKER
        for wrong in _what_is_wrong(mark)
    ]


def _what_is_wrong(mark: Any) -> Iterator[str]:
    keywords = [f"{name}={value!r}" for name, value in mark.kwargs.items()]
    shown = f"@pytest.mark.{MARKER}({', '.join([*map(repr, mark.args), *keywords])})"
    if mark.args:
        yield f"{shown}: it takes settings and the mode as keywords, and nothing else."
    for name, value in mark.kwargs.items():
        try:
            if name == "mode" and not _is_mode(value):
                raise ValueError(f"mode is {value!r}; accepted is {_MODE_WORDS}.")
            check_settings({name: value}, also=("mode",))
        except (TypeError, ValueError) as error:
            yield f"{shown}: {error}"


def without_effect(items: Iterable[Any], whole: bool) -> dict[Any, str]:
    """Return what is wrong with markers of tests that reach no mock, by node.

    `whole`: these are all tests of their files, so that markers of classes and modules can be
    judged, too.
    """
    return _without_effect(
        [(item, asking.mocks_used_by(item, _mode_now(item))) for item in items], whole
    )


def without_effect_at_the_end(item: Any) -> list[str]:
    """Return what is wrong with the markers of a test that could have asked for a mock later."""
    if asking.mocks_used_by(item, _mode_now(item)) is not None:
        return []
    return list(_without_effect([(item, set())], whole=False).values())


def _mode_now(item: Any) -> str:
    return item.stash.get(MODE, None) or mode_of(item, item.config.stash.get(MODE, "off"))


def _without_effect(items: Iterable[tuple[Any, set[str] | None]], whole: bool) -> dict[Any, str]:
    """Return what is wrong with markers whose settings reach no mock, by node.

    `items`: tests, each with the fixtures of mocks that it asks for, or with None if it may ask
    later. `whole`: these are all tests of their files, so that markers of classes and modules can
    be judged, too: such a marker must reach a mock of one of their tests.
    """
    reached: dict[Any, bool] = {}
    for item, used in items:
        for node in item.listchain():
            if not any(map(_settings_in, _marks(node))) or (node is not item and not whole):
                continue
            reaches = used is None or any(_reaches(node, item, fixture) for fixture in used)
            reached[node] = reached.get(node, False) or reaches
    return {
        node: "\n".join(_why_without_effect(node, one) for one in _marks(node) if _settings_in(one))
        for node, is_reached in reached.items()
        if not is_reached
    }


def _marks(node: Any) -> list[Any]:
    return [mark for mark in node.own_markers if mark.name == MARKER]


def _settings_in(mark: Any) -> list[str]:
    return [name for name in mark.kwargs if name != "mode"]


def _reaches(holder: Any, item: Any, fixture: str) -> bool:
    """Return True if the mock of a fixture reads the markers of a node."""
    scope = fixture.removeprefix("sm_metrics_")
    if scope not in SCOPES or (scope == "class" and item.getparent(pytest.Class) is None):
        scope = "function"
    return _rank(holder, item) >= len(SCOPES) - SCOPES.index(scope)


def _rank(holder: Any, item: Any) -> int:
    if holder is item:
        return 1
    kinds = ((pytest.Class, 2), (pytest.Module, 3), (pytest.Package, 4), (pytest.Session, 5))
    return next((rank for kind, rank in kinds if isinstance(holder, kind)), 3)


def _why_without_effect(node: Any, mark: Any) -> str:
    faults = mark.kwargs.get("faults") or ()
    is_swept = node.get_closest_marker(EACH_FAULT) is not None
    if is_swept and any(getattr(fault, "name", "") for fault in faults):
        return (
            f"{node.nodeid.partition('[')[0]}: @pytest.mark.{EACH_FAULT} would have no effect, "
            "since the test asks for no mock. Ask for the fixture sm_metrics; with mock_sm_metrics "
            'in the test, parametrize it: @pytest.mark.parametrize("fault", every_fault())'
        )
    names = ", ".join(_settings_in(mark))
    keywords = ", ".join(f"{name}={value!r}" for name, value in mark.kwargs.items())
    return (
        f"{node.nodeid}: @pytest.mark.{MARKER}({keywords}): {names} would have no effect, since "
        "the marker reaches no mock. Ask for the fixture sm_metrics; or give the settings where "
        "the mock is activated: mock_sm_metrics(...), the marker on the class or the module of a "
        "shared fixture, ini options for sm_metrics_package and sm_metrics_session."
    )
