"""Rules: the behaviour of the service, its sources, and the error code of each violation.

A rule about a member is a test over a *column*: the values of that member in all the items of one
request. Each rule is called once per request. Only if a column breaks the rule is each of its
values checked, as a column of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..settings import SETTINGS, Settings

SERIALIZATION = "SerializationException"
VALIDATION = "ValidationException"

MODEL = "botocore service model sagemaker-metrics 2022-09-30"
UNPUBLISHED = "published nowhere; the most probable behaviour"

Column = Sequence[Any]


@dataclass(frozen=True)
class Rule:
    """One fact about the behaviour of the service, with its source.

    A rule is enforced if it has a test: `holds` for the values of a member, or for the queries of
    a request; `refuses` for single metrics. A rule without a test describes behaviour.
    """

    id: str
    operation: str
    """The AWS operation, or `*` for all."""
    member: str
    """The member of the request or of the answer, as AWS spells it.

    It is empty for a rule about the whole request or answer.
    """
    constraint: str
    """The condition that must hold, or the case that the rule describes."""
    effect: str
    """The exact outcome."""
    provenance: Literal["documented", "observed", "assumed"]
    """`documented`: an AWS reference, guide or service model states it. `observed`: an answer of
    AWS shows it. `assumed`: it is published nowhere."""
    source: str
    setting: str | None = None
    """The setting that switches the rule on; None for a rule that is always on."""
    code: str | None = None
    """The error code of a request that breaks the rule.

    For a rule about metrics: the Code in Errors. For a rule about queries: the Status.
    """
    sees_absent: bool = False
    """True if the column of the rule has None for an absent member."""
    holds: Callable[[Column], bool] | None = field(default=None, repr=False, compare=False)
    """Return True if every value of a column keeps the rule."""
    refuses: Callable[[Any, Collection[int]], Iterable[int]] | None = field(
        default=None, repr=False, compare=False
    )
    """Return the indexes of the metrics that break the rule. Its arguments: a `Submission`, and the
    indexes of the metrics that faults and earlier rules reject."""
    explain: Callable[[Any, int], str] | None = field(default=None, repr=False, compare=False)
    """Return the reason why a metric or a query breaks the rule. Its arguments: request, index."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The functions cannot be pickled.
        return Rule, (
            self.id,
            self.operation,
            self.member,
            self.constraint,
            self.effect,
            self.provenance,
            self.source,
            self.setting,
            self.code,
            self.sees_absent,
        )

    def is_on(self, settings: Settings) -> bool:
        """Return True if the settings switch the rule on."""
        if self.setting is None:
            return True
        return bool(getattr(settings, self.setting) != SETTINGS[self.setting].default)

    def breaches(self, column: Column) -> list[int]:
        """Return the indexes of the values that break the rule."""
        if self.holds is None or self.holds(column):
            return []
        return [index for index, value in enumerate(column) if not self.holds((value,))]

    def why(self, request: Any, index: int) -> str:
        """Return the reason why a metric or a query breaks the rule, with the values that do."""
        return self.explain(request, index) if self.explain else self.constraint


class MemberRules:
    """A factory for the rules about the members of one operation's requests."""

    def __init__(self, operation: str, within: str = "") -> None:
        self._operation = operation
        self._within = within
        """The prefix of the ids."""

    def type(
        self,
        member: str,
        constraint: str,
        holds: Callable[[Column], bool],
        what: str = "type",
    ) -> Rule:
        """Make a rule about the type of a member: the request cannot be read with any other."""
        return Rule(
            f"{self._within}{member}.{what}",
            self._operation,
            member,
            constraint=constraint,
            effect=f"HTTP 400 {SERIALIZATION}; nothing of the request is stored",
            provenance="assumed",
            source=UNPUBLISHED,
            code=SERIALIZATION,
            holds=holds,
        )

    def string(self, member: str) -> Rule:
        """Make the rule that a member is a string."""
        return self.type(member, "Member must be a string", _has_types(str))

    def list(self, member: str) -> Rule:
        """Make the rule that a member is a list."""
        return self.type(member, "Member must be a list", _has_types(list))

    def structure(self, member: str) -> Rule:
        """Make the rule that a member is a structure."""
        return self.type(member, "Member must be a structure", _has_types(dict))

    def integer(self, member: str) -> Rule:
        """Make the rule that a member is a whole number."""
        return self.type(member, "Member must be an integer", _are_whole)

    def required(self, member: str, source: str) -> Rule:
        """Make the rule that a member is present."""
        return self.constraint(
            member,
            "required",
            "Member must not be null",
            source,
            lambda column: None not in column,
            sees_absent=True,
        )

    def least_length(self, member: str, least: int, source: str) -> Rule:
        """Make the rule that a string or a list has at least this length."""
        return self.constraint(
            member,
            "min",
            f"Member must have length greater than or equal to {least}",
            source,
            lambda column: min(map(len, column), default=least) >= least,
        )

    def most_length(self, member: str, most: int, source: str) -> Rule:
        """Make the rule that a string or a list has at most this length."""
        return self.constraint(
            member,
            "max",
            f"Member must have length less than or equal to {most}",
            source,
            lambda column: max(map(len, column), default=most) <= most,
        )

    def least(self, member: str, least: int, source: str) -> Rule:
        """Make the rule that a number is at least `least`."""
        return self.constraint(
            member,
            "min",
            f"Member must have value greater than or equal to {least}",
            source,
            lambda column: min(column, default=least) >= least,
        )

    def most(self, member: str, most: int, source: str) -> Rule:
        """Make the rule that a number is at most `most`."""
        return self.constraint(
            member,
            "max",
            f"Member must have value less than or equal to {most}",
            source,
            lambda column: max(column, default=most) <= most,
        )

    def pattern(self, member: str, pattern: str, source: str) -> Rule:
        """Make the rule that the whole string matches a regular expression."""
        match = re.compile(pattern).fullmatch
        return self.constraint(
            member,
            "pattern",
            f"Member must satisfy regular expression pattern: {pattern}",
            source,
            lambda column: all(map(match, column)),
        )

    def enum(self, member: str, values: Sequence[str], source: str) -> Rule:
        """Make the rule that a string is one of these values."""
        return self.constraint(
            member,
            "enum",
            f"Member must satisfy enum value set: [{', '.join(values)}]",
            source,
            set(values).issuperset,
        )

    def constraint(
        self,
        member: str,
        what: str,
        constraint: str,
        source: str,
        holds: Callable[[Column], bool],
        sees_absent: bool = False,
    ) -> Rule:
        """Make a rule that the service model states."""
        return Rule(
            f"{self._within}{member}.{what}",
            self._operation,
            member,
            constraint=constraint,
            effect=f"HTTP 400 {VALIDATION}; nothing of the request is stored",
            provenance="documented",
            source=source,
            code=VALIDATION,
            sees_absent=sees_absent,
            holds=holds,
        )


def _has_types(*accepted: type) -> Callable[[Column], bool]:
    allowed = set(accepted)
    return lambda column: allowed.issuperset(map(type, column))


def _are_whole(column: Column) -> bool:
    return {int}.issuperset(map(type, column)) or all(map(_is_whole, column))


def _is_whole(value: object) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())
