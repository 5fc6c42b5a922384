"""Write the tables that the documentation takes from the code: `python docs/tables.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pytest_sm_metrics import RULES
from pytest_sm_metrics.settings import SETTINGS

ROOT = Path(__file__).parents[1]


def table(*rows: Iterable[str]) -> str:
    """A Markdown table, the heads first."""
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    lines.insert(1, re.sub(r"[^|]+", " --- ", lines[0].replace(r"\|", "")))
    return "\n".join(lines)


def settings_table() -> str:
    """Every setting with its default, what it means and what it accepts."""
    rows = [
        (f"`{name}`", f"`{one.default!r}`", one.meaning, one.accepted)
        for name, one in SETTINGS.items()
    ]
    return table(("setting", "default", "meaning", "accepted"), *rows)


def rules_table() -> str:
    """Every rule of the service."""
    rows = [
        (f"`{one.id}`", one.operation, one.constraint, one.effect, one.provenance, one.source)
        for one in RULES
    ]
    return table(
        ("rule", "operation", "what holds, or happens", "exact outcome", "known", "source"), *rows
    )


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"settings": settings_table},
    "docs/rules.md": {"rules": rules_table},
}


def with_tables(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """A document with its tables as the code has them now, each between its two markers."""
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
