"""Reading bodies: from bytes to columns of members, or to the error of a malformed request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .rule import SERIALIZATION, UNPUBLISHED, VALIDATION, Column, Rule

_SHOWN = 256  # characters of a value in a message

BODY = Rule(
    "Body.json",
    "*",
    "",
    "The body is one JSON object in UTF-8, without bare NaN or Infinity tokens",
    f"HTTP 400 {SERIALIZATION}; nothing of the request is stored",
    "assumed",
    UNPUBLISHED,
    code=SERIALIZATION,
)


class RefusedRequestError(Exception):
    """The service refuses the whole request."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Member:
    """A member of an operation's requests, with the rules about it in the order of judging."""

    def __init__(self, rules: Iterable[Rule], name: str, path: str) -> None:
        self.name = name
        self.path = path
        """Its place as AWS's messages show it; `{}` is the number of the item that it is in."""
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


_decode = json.JSONDecoder(parse_constant=_reject_constant).decode


def read_json(body: bytes) -> Any:
    """The JSON value in a body; a ValueError where there is none."""
    try:
        return _decode(body.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is, or a RefusedRequestError."""
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
    """The members of all items in a request's list as columns, or a RefusedRequestError: first the types, then the constraints."""
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
    """The same, where the types alone are as they must be: the members of the request, and those of all its items."""
    request = {member: [document.get(member.name)] for member in of_request}
    check_types(request)
    listed = [{} if one is None else one for one in document.get(items.name) or []]
    check_types({item: listed})
    columns = {member: [one.get(member.name) for one in listed] for member in of_item}
    check_types(columns)
    return request, columns


def check_types(columns: Columns) -> None:
    """Raise RefusedRequestError for what cannot be read."""
    for member, column in columns.items():
        for rule, index in _breaches(member.types, column):
            raise RefusedRequestError(
                SERIALIZATION,
                f"Value {_shown(column[index])} at '{member.path.format(index + 1)}' cannot be read: {rule.constraint}",
            )


def check_constraints(*groups: Columns) -> None:
    """Raise RefusedRequestError with everything that breaks a constraint."""
    violations = [
        violation
        for columns in groups
        for member, column in columns.items()
        for violation in _violations(member, column)
    ]
    if violations:
        errors = (
            "1 validation error" if len(violations) == 1 else f"{len(violations)} validation errors"
        )
        raise RefusedRequestError(VALIDATION, f"{errors} detected: {'; '.join(violations)}")


def _violations(member: Member, column: Column) -> Iterator[str]:
    absent = [(rule, index) for rule in member.required for index in rule.breaches(column)]
    for rule, index in (*absent, *_breaches(member.constraints, column)):
        value = column[index]
        shown = (
            "null"
            if value is None
            else f"'{_cut(value)}'"
            if type(value) is str
            else f"'{_shown(value)}'"
        )
        yield f"Value {shown} at '{member.path.format(index + 1)}' failed to satisfy constraint: {rule.constraint}"


def _breaches(rules: Sequence[Rule], column: Column) -> Iterator[tuple[Rule, int]]:
    """Each rule that a value breaks, with the value's index; absent values break none."""
    if None in column:
        indexes = [index for index, value in enumerate(column) if value is not None]
        column = [column[index] for index in indexes]
        for rule in rules:
            yield from ((rule, indexes[index]) for index in rule.breaches(column))
    else:
        for rule in rules:
            yield from ((rule, index) for index in rule.breaches(column))


def _shown(value: object) -> str:
    try:
        return _cut(json.dumps(value))
    except RecursionError:
        return "..."


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
