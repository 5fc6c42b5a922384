"""Markers: the settings and the mode that hold for a node, and what is wrong with its markers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..accepted import one_of
from ..settings import check_settings
from .options import MARKER, MODES

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
    """Return the mode that holds for a test. An invalid one is ignored here; `wrong_markers` reports it."""
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
            if name != "mode":
                check_settings({name: value})
            elif not _is_mode(value):
                raise ValueError(f"mode is {value!r}; accepted is {_MODE_WORDS}.")
        except (TypeError, ValueError) as error:
            yield f"{shown}: {error}"
