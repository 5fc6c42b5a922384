"""The table of a sweep, and the message of one that fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..wording import counted, listed, printable_lines

if TYPE_CHECKING:
    from .sweep import Case

_LETTERS = {
    "ok": ".",
    "lost": "L",
    "doubled": "D",
    "lost and doubled": "X",
    "raised": "R",
    "different": "?",
}
_WIDEST = 60  # attempts in a row


class Cell(NamedTuple):
    """One case of a table."""

    failure: str
    position: int
    outcome: str


def table(cells: Sequence[Cell]) -> str:
    """Return a table: a row for each failure, a letter for each attempt, then the legend."""
    rows: dict[str, dict[int, str]] = {}
    for failure, position, outcome in cells:
        rows.setdefault(failure, {})[position] = _LETTERS[outcome]
    width = max(map(len, rows), default=0)
    longest = max((max(letters) + 1 for letters in rows.values()), default=0)
    lines = [f"{'failure':{width}}  attempts 1 to {longest}"]
    lines += [f"{name:{width}}  {_row(letters)}" for name, letters in rows.items()]
    used = {outcome for _, _, outcome in cells}
    legend = [f"{letter} {outcome}" for outcome, letter in _LETTERS.items() if outcome in used]
    return "\n".join([*lines, "", ", ".join(legend)]) if rows else "no failure happened"


def _row(letters: dict[int, str]) -> str:
    """Return the letters of one row; a blank for an attempt that the failure does not reach."""
    row = "".join(letters.get(position, " ") for position in range(max(letters) + 1))
    return row if len(row) <= _WIDEST else f"{row[:_WIDEST]}... ({counted(len(row), 'attempt')})"


def message(function: str, shown: str, failing: Sequence[Case], number: int) -> str:
    """Return the message about a sweep that fails: the table, and the shortest case as a test."""
    first = failing[0]
    lines = [
        f"{len(failing)} of {counted(number, 'case')} fail: a failure of the service at one of the "
        f"attempts of {function}",
        "",
        shown,
        "",
        f"the shortest: {_explained(first)}; as a test:",
        "",
        *_as_test(function, first),
    ]
    return printable_lines("\n".join(lines))


def _explained(case: Case) -> str:
    failures = " and ".join(f"{name} at {_noun(name)} {at + 1}" for name, at in case.faults)
    if case.outcome == "raised":
        return f"{failures}, {case.error!r}"
    changed = [f"{word} {listed(some)}" for word, some in _changes(case)]
    return f"{failures}, {'; '.join(changed) or case.outcome}"


def _noun(failure: str) -> str:
    return "query" if failure.startswith("query-") else "attempt"


def _changes(case: Case) -> list[tuple[str, Sequence[str]]]:
    both = (("lost", case.lost), ("doubled", case.doubled))
    return [(word, some) for word, some in both if some]


def _as_test(function: str, case: Case) -> list[str]:
    calls = [f'every_fault(only="{name}", after={at})' for name, at in case.faults]
    faults = calls[0] if len(calls) == 1 else f"[{', '.join(f'*{one}' for one in calls)}]"
    return [
        f"    @pytest.mark.sm_metrics(faults={faults})",
        "    def test_it(sm_metrics):",
        f"        {function if function.endswith('()') else '...'}",
        "        ...  # assert on sm_metrics",
    ]
