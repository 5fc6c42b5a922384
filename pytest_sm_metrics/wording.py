"""Wording: the parts that messages have in common, and text that every reader can carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

_LISTED = 10  # names in a message
_LONGEST = 256  # characters of one name or value in a message


def printable(text: str) -> str:
    """Escape what is not printable: control characters, right-to-left marks, lone surrogates.

    Names and values come from outside. They must neither steer a terminal nor break the transport
    of a report.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def printable_lines(text: str) -> str:
    """Escape what is not printable in each line of a text."""
    return "\n".join(map(printable, text.split("\n")))


def encodable(text: str) -> str:
    """Escape lone surrogates, which no encoding can carry."""
    return text.encode("utf-8", "backslashreplace").decode()


def encodable_data(data: Any) -> Any:
    """Escape lone surrogates in all texts of plain data."""
    if isinstance(data, str):
        return encodable(data)
    if isinstance(data, dict):
        return {encodable_data(key): encodable_data(value) for key, value in data.items()}
    return [encodable_data(value) for value in data] if isinstance(data, list) else data


def shortened(text: str) -> str:
    """Return a text that a message can show; `...` stands for the end of a long one."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def abridged(text: str, most: int) -> str:
    """Return at most `most` characters of a text; `...` stands for its middle."""
    if len(text) <= most:
        return text
    end = (most - 3) // 2
    return f"{text[: most - 3 - end]}...{text[len(text) - end :]}"


def short_number(value: float | str) -> str:
    """Return a number with five digits, or with all of them if it is a whole number below 1e9."""
    number = float(value)
    return f"{number:.0f}" if number % 1 == 0 and abs(number) < 1e9 else f"{number:.5g}"


def safe_repr(value: object) -> str:
    """Return the repr of an object; if that raises, the name of its type."""
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def described(error: BaseException, own_frames: int) -> tuple[str, str]:
    """Return the type and message of an exception of a user's function, and the line, if known.

    `own_frames`: the number of frames of this package before the function's.
    """
    import traceback

    try:
        message = str(error)
    except Exception:  # the `__str__` of a user's class
        message = "an error whose message cannot be read"
    frames = traceback.extract_tb(error.__traceback__)[own_frames:]
    where = f" in {frames[0].filename}:{frames[0].lineno}" if frames else ""
    return f"{type(error).__name__}: {message}", where


def repeated(messages: Iterable[str]) -> list[str]:
    """Return each message once, with the number of times that it came."""
    return [
        message if times == 1 else f"{message} ({counted(times, 'time')})"
        for message, times in Counter(messages).items()
    ]


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
    return printable_lines("\n".join([head, *bullets]))


def listed(names: Iterable[str]) -> str:
    """Return the first names, and the number of the others."""
    shown = [repr(shortened(name)) for name in names]
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
