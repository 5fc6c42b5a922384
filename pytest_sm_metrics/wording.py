"""Wording: the parts that messages have in common."""

from __future__ import annotations

from collections.abc import Iterable

_LISTED = 10  # names in a message


def counted(number: int, noun: str) -> str:
    """Return `1 metric`, `2 metrics`, `2 matches`, `2 queries`."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}es" if noun.endswith("ch") else f"{number} {noun}s"


def joined(head: str, details: Iterable[str]) -> str:
    """Return a message: a head, then a bullet for each detail."""
    bullets = ["  - " + detail.replace("\n", "\n  ") for detail in details]
    return "\n".join([head, *bullets])


def listed(names: Iterable[str]) -> str:
    """Return the first names, and the number of the others."""
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - _LISTED} more" if len(shown) > _LISTED else ""
    return ", ".join(shown[:_LISTED]) + more


def closest(name: str, candidates: Iterable[str]) -> list[str]:
    """Return the candidates most similar to a name, at most three; ignore upper and lower case."""
    import difflib

    folded: dict[str, list[str]] = {}
    for candidate in dict.fromkeys(candidates):
        folded.setdefault(candidate.lower(), []).append(candidate)
    matches = difflib.get_close_matches(name.lower(), folded, n=3)
    return [original for match in matches for original in folded[match]][:3]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: the nearest known one, if any."""
    near = closest(name, known)
    return f"; did you mean {near[0]!r}?" if near else "."
