"""What a rule is, and how those about a member of a request are made.

A rule about a member is a test over a *column*: the values which that member has in all the items of
one request. A request is judged with one call per rule; only where a column fails are its values
looked at one by one, each as a column of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SERIALIZATION = "HTTP 400 SerializationException; nothing of the request is stored"
VALIDATION = "HTTP 400 ValidationException; nothing of the request is stored"

NOT_NULL = "Member must not be null"

MODEL = "botocore service model sagemaker-metrics 2022-09-30"
NOBODY = "published nowhere; the most probable behaviour"

Column = Sequence[Any]


@dataclass(frozen=True)
class Rule:
    """One thing that the service does, and how it is known."""

    id: str
    operation: str
    """The AWS operation, or `*` for all."""
    member: str
    """The member that it is about, of the request or of the answer, as AWS spells it; empty where it is about the whole."""
    constraint: str
    """What must hold, or what happens."""
    effect: str
    """The exact outcome."""
    provenance: Literal["documented", "observed", "assumed"]
    """`documented`: an AWS reference, guide or service model says so. `observed`: seen in an AWS answer. `assumed`: nobody says."""
    source: str
    setting: str | None = None
    """The setting that switches the rule on; None for a rule that is always on."""
    holds: Callable[[Column], bool] | None = field(default=None, repr=False, compare=False)
    """Whether every value of a column keeps the rule; None where the rule is not about a value.
    Absent members are not in the column, save for the rule that a member must not be null."""

    def __reduce__(self) -> tuple[Any, ...]:
        described = (
            self.id,
            self.operation,
            self.member,
            self.constraint,
            self.effect,
            self.provenance,
            self.source,
            self.setting,
        )
        return Rule, described  # without the test, which cannot be pickled

    def breaches(self, column: Column) -> list[int]:
        """The indexes of the values that break the rule."""
        if self.holds is None or self.holds(column):
            return []
        return [index for index, value in enumerate(column) if not self.holds((value,))]


class MemberRules:
    """Makes the rules about the members of one operation's requests."""

    def __init__(self, operation: str, within: str = "") -> None:
        self._operation = operation
        self._within = within
        """What stands before the member in the ids."""

    def type(
        self, member: str, constraint: str, holds: Callable[[Column], bool], what: str = "type"
    ) -> Rule:
        """What a member must be for the request to be readable."""
        return Rule(
            f"{self._within}{member}.{what}",
            self._operation,
            member,
            constraint,
            SERIALIZATION,
            "assumed",
            NOBODY,
            None,
            holds,
        )

    def string(self, member: str) -> Rule:
        """It is a string."""
        return self.type(member, "Member must be a string", _types(str))

    def list(self, member: str) -> Rule:
        """It is a list."""
        return self.type(member, "Member must be a list", _types(list))

    def structure(self, member: str) -> Rule:
        """It is a structure."""
        return self.type(member, "Member must be a structure", _types(dict))

    def integer(self, member: str) -> Rule:
        """It is a whole number."""
        return self.type(member, "Member must be an integer", _are_whole)

    def required(self, member: str, source: str) -> Rule:
        """It is there."""
        return self._constraint(
            member, "required", NOT_NULL, source, lambda column: None not in column
        )

    def least_length(self, member: str, least: int, source: str) -> Rule:
        """It is at least so long."""
        constraint = f"Member must have length greater than or equal to {least}"
        return self._constraint(
            member,
            "min",
            constraint,
            source,
            lambda column: min(map(len, column), default=least) >= least,
        )

    def most_length(self, member: str, most: int, source: str) -> Rule:
        """It is at most so long."""
        constraint = f"Member must have length less than or equal to {most}"
        return self._constraint(
            member,
            "max",
            constraint,
            source,
            lambda column: max(map(len, column), default=most) <= most,
        )

    def least(self, member: str, least: int, source: str) -> Rule:
        """It is at least so large."""
        constraint = f"Member must have value greater than or equal to {least}"
        return self._constraint(
            member, "min", constraint, source, lambda column: min(column, default=least) >= least
        )

    def most(self, member: str, most: int, source: str) -> Rule:
        """It is at most so large."""
        constraint = f"Member must have value less than or equal to {most}"
        return self._constraint(
            member, "max", constraint, source, lambda column: max(column, default=most) <= most
        )

    def pattern(self, member: str, pattern: str, source: str) -> Rule:
        """The whole of it matches."""
        match = re.compile(pattern).fullmatch
        constraint = f"Member must satisfy regular expression pattern: {pattern}"
        return self._constraint(
            member, "pattern", constraint, source, lambda column: all(map(match, column))
        )

    def enum(self, member: str, values: Sequence[str], source: str) -> Rule:
        """It is one of some words."""
        constraint = f"Member must satisfy enum value set: [{', '.join(values)}]"
        return self._constraint(member, "enum", constraint, source, set(values).issuperset)

    def _constraint(
        self, member: str, what: str, constraint: str, source: str, holds: Callable[[Column], bool]
    ) -> Rule:
        """A constraint of the service model."""
        return Rule(
            f"{self._within}{member}.{what}",
            self._operation,
            member,
            constraint,
            VALIDATION,
            "documented",
            source,
            None,
            holds,
        )


def _types(*accepted: type) -> Callable[[Column], bool]:
    allowed = set(accepted)
    return lambda column: allowed.issuperset(map(type, column))


def _are_whole(column: Column) -> bool:
    return {int}.issuperset(map(type, column)) or all(
        type(value) is int or (type(value) is float and value.is_integer()) for value in column
    )


def as_doubles(numbers: Column) -> list[float]:
    """Numbers, and strings that spell one, as doubles; an integer too large for a double is an infinity."""
    try:
        return list(map(float, numbers))
    except OverflowError:
        return list(map(_as_double, numbers))


def _as_double(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
