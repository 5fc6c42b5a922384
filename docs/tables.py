"""Tables of the documentation. `python docs/tables.py` writes them from the code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pytest_sm_metrics import RULES
from pytest_sm_metrics.settings import SETTINGS

ROOT = Path(__file__).parents[1]


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
    return table(("setting", "default", "meaning", "accepted"), *rows)


def rules_table() -> str:
    """Return the table of the service's rules."""
    rows = [
        (f"`{one.id}`", one.operation, one.constraint, one.effect, one.provenance, one.source)
        for one in RULES
    ]
    return table(
        ("rule", "operation", "condition or case", "exact outcome", "provenance", "source"), *rows
    )


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"settings": settings_table},
    "docs/rules.md": {"rules": rules_table},
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
