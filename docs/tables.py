"""Tables of the documentation. `python docs/tables.py` writes them from the code."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pytest_sm_metrics import (
    RULES,
    delay_calls,
    fail_calls,
    fail_metrics,
    fail_queries,
)
from pytest_sm_metrics.faults import Injects
from pytest_sm_metrics.plugin.options import MODES
from pytest_sm_metrics.service.faults.held_calls import HeldCalls
from pytest_sm_metrics.settings import SETTINGS
from pytest_sm_metrics.sweeps.failure_modes import FAILURE_MODES

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "examples"))
from sweeps.compare import LETTERS, matrix, saved, summary  # noqa: E402

MODE = (
    "what happens to a test that asks for no mock; of the marker, the ini option and "
    "`--sm-metrics-mode`, not of `mock_sm_metrics`"
)


def table(*rows: Iterable[str]) -> str:
    """Return a Markdown table; the first row has the headings."""
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    lines.insert(1, re.sub(r"[^|]+", " --- ", lines[0].replace(r"\|", "")))
    return "\n".join(lines)


def settings_table() -> str:
    """Return the table of settings: default, meaning and accepted values."""
    rows = [
        (f"`{name}`", f"`{one.default!r}`", one.meaning, one.accepted)
        for name, one in SETTINGS.items()
    ]
    rows.append(("`mode`", "`'off'`", MODE, " or ".join(f'"{mode}"' for mode in MODES)))
    return table(("setting", "default", "meaning", "accepted"), *rows)


def fault_signatures() -> str:
    """Return the signatures of the functions that make faults, and of `held.wait`."""
    functions = [fail_metrics, fail_calls, fail_queries, delay_calls, Injects.hold_calls]
    calls = [_signature(function.__name__, function) for function in functions]
    return "\n".join(["```text", *calls, _signature("held.wait", HeldCalls.wait), "```"])


def _signature(name: str, function: Callable[..., object]) -> str:
    signature = inspect.signature(function)
    parameters = [
        one.replace(annotation=one.empty)
        for one in signature.parameters.values()
        if one.name != "self"
    ]
    bare = signature.replace(parameters=parameters, return_annotation=signature.empty)
    return textwrap.fill(f"{name}{bare}", 100, subsequent_indent="    ")


def rules_table() -> str:
    """Return the table of the service's rules."""
    rows = [
        (
            f"`{one.id}`",
            one.operation,
            re.sub(r"(regular expression pattern: )(.+)", r"\1`\2`", one.constraint),
            one.effect,
            one.provenance,
            one.source,
        )
        for one in RULES
    ]
    return table(
        ("rule", "operation", "condition or case", "exact outcome", "provenance", "source"), *rows
    )


def failures_table() -> str:
    """Return the table of the failures that `every_fault` knows."""
    rows = [
        (
            f"`{one.name}`",
            one.operation,
            one.meaning,
            "transient" if one.transient else "lasting",
            one.provenance,
            one.source,
        )
        for one in FAILURE_MODES.values()
    ]
    return table(("failure", "operation", "effect", "duration", "provenance", "source"), *rows)


def sweeps_summary() -> str:
    """Return the table of the uploaders that are swept, with the number of runs by outcome."""
    return table(*summary(saved()))


def sweeps_outcomes() -> str:
    """Return the table of the outcomes: each failure, and the letters of each uploader."""
    legend = ", ".join(f"`{letter}` {outcome}" for outcome, letter in LETTERS.items())
    head, *rows = matrix(saved())
    cells = [(f"`{name}`", *(f"`{one}`" for one in letters)) for name, *letters in rows]
    return f"{table(head, *cells)}\n\n{legend}."


def sweeps_versions() -> str:
    """Return the versions with which the uploaders were swept."""
    return "\n".join(f"- {name}: {found.versions}" for name, found in saved().items())


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"settings": settings_table},
    "docs/reference.md": {"signatures": fault_signatures},
    "docs/rules.md": {"rules": rules_table},
    "docs/sweeps.md": {"failures": failures_table},
    "docs/sweeps-found.md": {
        "summary": sweeps_summary,
        "outcomes": sweeps_outcomes,
        "versions": sweeps_versions,
    },
}


def with_tables(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Return a document with its tables, each between its two markers, as the code has them now."""
    for name, make in tables.items():
        before, begin, rest = text.partition(f"<!-- {name}: begin -->\n")
        _, end, after = rest.partition(f"<!-- {name}: end -->")
        if not end:
            raise ValueError(f"no table {name} in the document")
        text = before + begin + make() + "\n" + end + after
    return text


if __name__ == "__main__":
    for name, tables in TABLES.items():
        path = ROOT / name
        path.write_text(with_tables(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
