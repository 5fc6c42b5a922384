"""Settings and mode from ini options, the command line and markers: which hold for a node, and what is wrong with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

from . import settings as known_settings
from .settings import KNOWN, did_you_mean, one_of

MARKER = "sm_metrics"
_PREFIX = "sm_metrics_"
MODES = ("off", "block", "mock")
_UNREADABLE = object()
_MODE, _is_mode = one_of(*MODES)
_INI = {name: setting for name, setting in KNOWN.items() if setting["ini_type"]}


def add_ini_options(parser: Any) -> None:
    """Register an ini option for each setting, and one for the mode."""
    for name, setting in _INI.items():
        parser.addini(
            _PREFIX + name,
            f"SageMaker Metrics: {setting['meaning']}",
            type=setting["ini_type"],
            default=None,
        )
    parser.addini(
        f"{_PREFIX}mode",
        "SageMaker Metrics: what happens to tests that do not ask for a mock: off, block or mock",
        default=None,
    )


def read_ini(config: Any) -> tuple[dict[str, Any], str | None]:
    """The settings and the mode that ini options give; a ValueError that names everything that is wrong with them."""
    wrong = list(_unknown(config))
    given: dict[str, Any] = {}
    for name in (*_INI, "mode"):
        words, accepts = (
            (_MODE, _is_mode)
            if name == "mode"
            else (KNOWN[name]["accepted"], KNOWN[name]["accepts"])
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what pytest will refuse one day is refused here
                value = config.getini(_PREFIX + name)
        except Exception:  # pytest could not convert it; which error that is depends on its version
            value = _UNREADABLE
        if value is None:
            continue
        given[name] = (
            KNOWN[name]["read"](value) if name in KNOWN and value is not _UNREADABLE else value
        )
        if not accepts(given[name]):
            wrong.append(
                f"ini option {_PREFIX}{name} is {_written(config)[_PREFIX + name]!r}; accepted is {words.removeprefix('None, or ')}."
            )
    if wrong:
        raise ValueError("\n".join(wrong))
    return given, given.pop("mode", None)


def read_mode(config: Any) -> str | None:
    """The mode that the ini options give, if it is one."""
    try:
        mode = config.getini(f"{_PREFIX}mode")
    except Exception:  # told by `read_ini`
        return None
    return mode if mode in MODES else None


def _written(config: Any) -> dict[str, Any]:
    """The ini options of this package's prefix as they are written, on the command line over those in the file."""
    in_file = getattr(config, "_inicfg", None)  # public, as `inicfg`, until pytest 9
    written = {
        name: getattr(value, "value", value)
        for name, value in (config.inicfg if in_file is None else in_file).items()
    }
    overrides = dict(
        override.split("=", 1)
        for override in config.getoption("override_ini") or ()
        if "=" in override
    )
    return {
        name: value for name, value in {**written, **overrides}.items() if name.startswith(_PREFIX)
    }


def _unknown(config: Any) -> Iterator[str]:
    known = [f"{_PREFIX}{name}" for name in (*_INI, "mode")]
    for name, value in _written(config).items():
        if name not in known:
            try:
                config.getini(name)  # another plugin's
            except ValueError:
                if name == f"{_PREFIX}faults":
                    yield f"unknown ini option {name} = {value!r}: faults go into the marker or into mock_sm_metrics(faults=[...])."
                    continue
                yield f"unknown ini option {name} = {value!r}{did_you_mean(name, known)} The options are: {', '.join(known)}."


def marked(node: Any) -> tuple[dict[str, Any], str | None]:
    """The settings and the mode that the markers of a node and of those above it give, a nearer one over a farther one."""
    given: dict[str, Any] = {}
    for mark in reversed(list(_nearest_first(node))):
        farther, nearer = given.get("faults"), mark.kwargs.get("faults")
        given.update(mark.kwargs)
        if isinstance(farther, (list, tuple)) and isinstance(
            nearer, (list, tuple)
        ):  # of several levels: they add up
            given["faults"] = [*farther, *nearer]
    return given, given.pop("mode", None)


def mode_of(node: Any, default: str) -> str:
    """The mode that holds for a test. A wrong one, told elsewhere, is none."""
    _, mode = marked(node)
    return mode if mode in MODES else default


def opt_out_hint(scope: str) -> Callable[[str, str], str]:
    """Return a function that says how to give a setting a value, for the fixture of a scope."""
    if scope in ("session", "package"):
        return lambda name, value: f"the ini option {_PREFIX}{name} = {value}"
    form = "pytestmark = pytest.mark" if scope == "module" else "@pytest.mark"
    on_the_class = " on the class" if scope == "class" else ""
    return lambda name, value: f'{form}.{MARKER}({name}="{value}"){on_the_class}'


def _nearest_first(node: Any) -> Iterator[Any]:
    """The markers of a node. Of one node's: those of a parameter set, then its decorators, then, for a class, those of its bases."""
    for holder in reversed(node.listchain()):
        marks = [mark for mark in holder.own_markers if mark.name == MARKER]
        if len(marks) > 1:
            nearest = [*getattr(getattr(holder, "callspec", None), "marks", ())]
            for cls in getattr(getattr(holder, "obj", None), "__mro__", ()):
                nearest += vars(cls).get("pytestmark", ())
            marks.sort(key=lambda mark: nearest.index(mark) if mark in nearest else len(nearest))
        yield from marks


def wrong_markers(nodes: Any) -> list[str]:
    """What is wrong with the markers that stand on these nodes themselves."""
    return [
        f"{node.nodeid}: {wrong}"
        for node in nodes
        for mark in node.own_markers
        if mark.name == MARKER
        for wrong in _wrong(mark)
    ]


def _wrong(mark: Any) -> Iterator[str]:
    shown = ", ".join(
        [*map(repr, mark.args), *(f"{name}={value!r}" for name, value in mark.kwargs.items())]
    )
    if mark.args:
        yield f"@pytest.mark.{MARKER}({shown}): it takes settings and the mode as keywords, and nothing else."
    for name, value in mark.kwargs.items():
        try:
            if name != "mode":
                known_settings.check({name: value})
            elif not _is_mode(value):
                raise ValueError(f"mode is {value!r}; accepted is {_MODE}.")
        except (TypeError, ValueError) as error:
            yield f"@pytest.mark.{MARKER}({shown}): {error}"
