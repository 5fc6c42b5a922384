"""The HTML report: one page that shows a run, without any request to the network.

Names and texts of a test reach the page as text: Jinja escapes those in the index, and the rest
stands in blocks of JSON, from which the page's script makes text nodes. The page's own policy
forbids every script and style except its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..wording import counted, encodable, printable
from .page_data import metrics_of, named, runs_of, test_data
from .run import ResultRecord, RunRecord

_FOLDER = Path(__file__).parent / "page"
_STYLES = ("uPlot.min.css", "style.css")
_SCRIPTS = (
    "uPlot.iife.min.js",
    "elements.js",
    "charts.js",
    "timeline.js",
    "details.js",
    "index.js",
)

_EXTRA = (
    "the HTML report needs Jinja2, which is not installed: "
    "python -m pip install 'pytest-sm-metrics[report]'"
)

SYMBOLS = {
    "passed": "✓",
    "failed": "✗",
    "error": "!",
    "skipped": "-",
    "xfailed": "x",
    "xpassed": "X",
    "rerun": "↻",
    "crashed": "☠",
    "interrupted": "■",
    "": "●",
}
"""The sign of each outcome. A word stands beside it."""
_PLACES_TO_BREAK = re.compile(r"(?<=::)|(?=\[)")  # in a node id
_BAD_FIRST = ("failed", "error", "crashed", "interrupted", "xpassed", "rerun")


def page(run: RunRecord, live: bool = False) -> str:
    """Return the page of a run. `live`: it asks its server for newer data again and again.

    Raise an ImportError that names the extra if Jinja2 is not installed.
    """
    template = _template()
    style, script = _joined(_STYLES), _joined(_SCRIPTS)
    text = template.render(
        run=run,
        live=live,
        outcomes=_outcomes(run["outcomes"]),
        symbols=SYMBOLS,
        rows=[_row(number, test) for number, test in enumerate(run["tests"])],
        status=_STATUS.get(run["exit_status"], ""),
        index=_json(_index(run)),
        blocks=[_json(test_data(test)) for test in run["tests"]],
        style=style,
        script=script,
        policy=_policy(style, script, live),
    )
    return encodable(text)


def page_data(run: RunRecord) -> dict[str, Any]:
    """Return the data that a live page asks for."""
    return {
        "index": _index(run),
        "counts": run["counts"],
        "duration": duration(run["duration"]),
        "rows": [_row(number, test) for number, test in enumerate(run["tests"])],
        "tests": list(map(test_data, run["tests"])),
    }


_STATUS: Mapping[int | None, str] = {
    0: "all tests passed",
    1: "tests failed",
    2: "interrupted",
    3: "internal error",
    4: "usage error",
    5: "no tests collected",
}


def _outcomes(found: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the outcomes and their numbers, failures first."""
    known = [*_BAD_FIRST, *(outcome for outcome in SYMBOLS if outcome not in _BAD_FIRST)]
    order = {outcome: place for place, outcome in enumerate(known)}
    outcomes = [(outcome, number) for outcome, number in found.items() if number]
    return sorted(outcomes, key=lambda item: (order.get(item[0], len(order)), item[0]))


def _row(number: int, test: ResultRecord) -> dict[str, Any]:
    """Return what the index shows of a test."""
    return {
        "number": number,
        "test": printable(test["test"]),
        "outcome": test["outcome"],
        "calls": test["counts"]["calls"],
        "metrics": test["counts"]["metrics"],
        "rejected": test["counts"]["rejected"],
        "duration": duration(test["duration"]),
        "worker": printable(test["worker"]),
    }


def _index(run: RunRecord) -> dict[str, Any]:
    """Return the names by which tests are found and filtered."""
    runs: dict[str, int] = {}
    metrics: dict[str, int] = {}
    tests = [
        (
            test["outcome"],
            encodable(test["test"]),
            named(runs_of(test), runs),
            named(metrics_of(test), metrics),
        )
        for test in run["tests"]
    ]
    figures = [
        [test["counts"][of] for of in ("calls", "metrics", "rejected")] + [test["duration"]]
        for test in run["tests"]
    ]
    return {"runs": list(runs), "metrics": list(metrics), "tests": tests, "figures": figures}


def duration(seconds: float) -> str:
    """Return a duration for a reader: `12 ms`, `3.40 s`, `2 min 5 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _json(data: Any) -> str:
    """Return data as JSON that neither ends a script element nor turns the direction of a line."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ESCAPES = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\x7f\u2028\u2029" + _DIRECTIONS}


def _policy(style: str, script: str, live: bool) -> str:
    """Return the Content-Security-Policy: the script and the style of the page, and no more."""
    allowed = [
        "default-src 'none'",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if live:
        allowed += ["img-src data:", "connect-src 'self'"]
    return "; ".join(allowed)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _joined(names: tuple[str, ...]) -> str:
    texts = [_read(name).strip() for name in names]
    if "elements.js" in names:
        licence = _read("uPlot-LICENSE.txt").strip()
        first, *own = texts
        texts = [f"/*\nuPlot\n{licence}\n*/", first, '(() => {\n"use strict";', *own, "})();"]
    return "\n".join(texts)


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _template() -> Any:
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError as error:
        raise ImportError(_EXTRA) from error
    from markupsafe import Markup

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_read),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "breakable": lambda name: Markup("<wbr>").join(_PLACES_TO_BREAK.split(name)),
        "counted": counted,
        "printable": printable,
        "duration": duration,
        "thousands": lambda number: f"{number:,}".replace(",", "\u202f"),
    }
    environment.filters.update(filters)
    return environment.get_template("page.html")
