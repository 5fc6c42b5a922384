"""The parser of bodies: it makes columns of members, or the error of a malformed request."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..wording import counted, printable, shortened
from .numbers import as_sent
from .rule import SERIALIZATION, UNPUBLISHED, VALIDATION, Column, Rule

BODY = Rule(
    "Body.json",
    "*",
    "",
    constraint="The body is one JSON object in UTF-8, without bare NaN or Infinity tokens",
    effect=f"HTTP 400 {SERIALIZATION}; nothing of the request is stored",
    provenance="assumed",
    source=UNPUBLISHED,
    code=SERIALIZATION,
)


class RefusedRequestError(Exception):
    """The error of a request that fails as a whole."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Member:
    """A member of an operation's requests, with the rules about it in the order of their checks."""

    def __init__(self, rules: Iterable[Rule], name: str, path: str) -> None:
        self.name = name
        self.path = path
        """The path in AWS's messages; `{}` stands for the number of the item, from 1."""
        about_it = [rule for rule in rules if rule.member == name and rule.holds]
        self.types = [rule for rule in about_it if rule.code == SERIALIZATION]
        self.required = [rule for rule in about_it if rule.sees_absent]
        self.constraints = [
            rule for rule in about_it if rule.code == VALIDATION and not rule.sees_absent
        ]
        self.tests = [rule.holds for rule in self.types + self.constraints if rule.holds]


Columns = Mapping[Member, Sequence[Any]]


def _reject_constant(token: str) -> None:
    raise ValueError(f"{token} is not JSON")


def _finite_or_text(token: str) -> float | str:
    number = float(token)
    return number if math.isfinite(number) else as_sent(number)


_decode = json.JSONDecoder(parse_constant=_reject_constant).decode
_decode_portable = json.JSONDecoder(
    parse_constant=_reject_constant, parse_float=_finite_or_text
).decode
_ESCAPE = re.compile(r"\\(?:ud[89ab]..\\ud[c-f]..|(?P<lone>ud[89a-f]..)|.)", re.IGNORECASE)
"""An escape in a JSON string: a pair of surrogates, a lone one, or another."""


def read_json(body: bytes) -> Any:
    """Return the JSON value of a body; raise a ValueError if it is no JSON.

    A number that is too large for a double is an infinity, and a string may have lone surrogates.
    """
    return _read(_decode, body.decode())


def read_portable_json(body: bytes) -> Any:
    """Return the JSON value of a body, as every other reader of JSON can read it.

    A number that is too large for a double is the string `Infinity`, and lone surrogates are
    escaped. Raise a ValueError if the body is no JSON.
    """
    text = _ESCAPE.sub(lambda found: "\\" * bool(found["lone"]) + found[0], body.decode())
    return _read(_decode_portable, text)


def _read(decode: Callable[[str], Any], text: str) -> Any:
    try:
        return decode(text)
    except RecursionError:
        return _decode_in_thread(decode, text)


def _decode_in_thread(decode: Callable[[str], Any], text: str) -> Any:
    """Decode where the stack is empty: what was read once can be read from everywhere."""
    with ThreadPoolExecutor() as thread:
        try:
            return thread.submit(decode, text).result()
        except RuntimeError:  # a RecursionError is one; or no thread can be started
            raise ValueError("nested too deeply") from None


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; raise RefusedRequestError if there is none."""
    try:
        document = read_json(body)
    except ValueError as error:
        raise RefusedRequestError(SERIALIZATION, f"{BODY.constraint}: {error}") from None
    if type(document) is not dict:
        raise RefusedRequestError(SERIALIZATION, f"{BODY.constraint}: Value {_shown(document)}")
    return document


def read_members(
    document: Mapping[str, Any],
    of_request: Sequence[Member],
    items: Member,
    item: Member,
    of_item: Sequence[Member],
) -> list[Sequence[Any]]:
    """Return the members of all items in a request's list, as columns.

    Check the types first, then the constraints; raise RefusedRequestError if one is violated.
    """
    request, columns = read_types(document, of_request, items, item, of_item)
    check_constraints(request, columns)
    return list(columns.values())


def read_types(
    document: Mapping[str, Any],
    of_request: Sequence[Member],
    items: Member,
    item: Member,
    of_item: Sequence[Member],
) -> tuple[Columns, Columns]:
    """Return the members of a request, and those of all its items, as columns.

    Check the types, not the constraints; raise RefusedRequestError if a type is wrong.
    """
    request = {member: [document.get(member.name)] for member in of_request}
    check_types(request)
    listed = [{} if one is None else one for one in document.get(items.name) or []]
    check_types({item: listed})
    columns = {member: [one.get(member.name) for one in listed] for member in of_item}
    check_types(columns)
    return request, columns


def check_types(columns: Columns) -> None:
    """Raise RefusedRequestError for the first value that cannot be read."""
    for member, column in columns.items():
        for rule, index in _breaches(member.types, column):
            where = f"Value {_shown(column[index])} at '{member.path.format(index + 1)}'"
            raise RefusedRequestError(SERIALIZATION, f"{where} cannot be read: {rule.constraint}")


def check_constraints(*groups: Columns) -> None:
    """Raise RefusedRequestError with all violations of constraints, if there are any."""
    violations = [
        violation
        for columns in groups
        for member, column in columns.items()
        for violation in _violations(member, column)
    ]
    if violations:
        errors = counted(len(violations), "validation error")
        raise RefusedRequestError(VALIDATION, f"{errors} detected: {'; '.join(violations)}")


def _violations(member: Member, column: Column) -> Iterator[str]:
    absent = [(rule, index) for rule in member.required for index in rule.breaches(column)]
    for rule, index in (*absent, *_breaches(member.constraints, column)):
        where = f"Value {_quoted(column[index])} at '{member.path.format(index + 1)}'"
        yield f"{where} failed to satisfy constraint: {rule.constraint}"


def _breaches(rules: Sequence[Rule], column: Column) -> Iterator[tuple[Rule, int]]:
    """Return each rule that a value breaks, with the value's index. Skip absent values."""
    if None in column:
        indexes = [index for index, value in enumerate(column) if value is not None]
        column = [column[index] for index in indexes]
        for rule in rules:
            yield from ((rule, indexes[index]) for index in rule.breaches(column))
    else:
        for rule in rules:
            yield from ((rule, index) for index in rule.breaches(column))


def _quoted(value: object) -> str:
    if value is None:
        return "null"
    return f"'{printable(shortened(value))}'" if type(value) is str else f"'{_shown(value)}'"


def _shown(value: object) -> str:
    try:
        return shortened(json.dumps(value))
    except RecursionError:
        return "..."
