"""The settings of a mock: their names, defaults and accepted values, in one place."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Window = tuple[timedelta, timedelta]
UnknownTrialComponent = Literal["create", "reject"]


def _is_whole(value: object, least: int | None = None) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least)


def _is_account_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == 12 and value.isascii() and value.isdigit()


def _is_limit(value: object) -> bool:
    return value is None or _is_whole(value, least=0)


def _is_window(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(side, timedelta) and side >= timedelta() for side in value)


def _setting(default: Any, accepted: str, accepts: Callable[[object], bool], meaning: str) -> Any:
    return field(default=default, metadata={"accepted": accepted, "accepts": accepts, "meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """The settings of one mock, all of them accepted values."""

    account_id: str = _setting(
        "123456789012", "a string of 12 digits", _is_account_id,
        "the account that owns the resources",
    )  # fmt: skip
    metric_limit: int | None = _setting(
        None, "None, or a whole number from 0", _is_limit,
        "metrics (items of MetricData) that a trial component may hold; past it: METRIC_LIMIT_EXCEEDED",
    )  # fmt: skip
    metric_name_limit: int | None = _setting(
        None, "None, or a whole number from 0", _is_limit,
        "distinct metric names that a trial component may hold; past it: METRIC_LIMIT_EXCEEDED",
    )  # fmt: skip
    unknown_trial_component: UnknownTrialComponent = _setting(
        "create", '"create" or "reject"', lambda value: value in ("create", "reject"),
        "what a write to a trial component that nobody created gets: it is created, or each metric is a VALIDATION_ERROR",
    )  # fmt: skip
    timestamp_window: Window | None = _setting(
        None, "None, or a tuple of two timedeltas that are not negative, (past, future)", _is_window,
        "how far a Timestamp may lie from now (frozen time counts); outside it: VALIDATION_ERROR",
    )  # fmt: skip
    seed: int = _setting(
        0, "a whole number", _is_whole,
        "every random choice (request ids) depends on it, on the test's node id and on the ordinal of the attempt, on nothing else",
    )  # fmt: skip

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Settings from keywords: a TypeError for an unknown name, a ValueError for a value that is not accepted."""
        known = {setting.name: setting.metadata for setting in fields(cls)}
        for name, value in given.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                raise TypeError(f"unknown setting {name!r}{hint} The settings are: {', '.join(known)}.")
            if not known[name]["accepts"](value):
                raise ValueError(f"setting {name} is {value!r}; accepted is {known[name]['accepted']}.")
        return cls(**given)


class SettingsKeywords(TypedDict, total=False):
    """The same names for type checkers, as keywords of `mock_sm_metrics`."""

    account_id: str
    metric_limit: int | None
    metric_name_limit: int | None
    unknown_trial_component: UnknownTrialComponent
    timestamp_window: Window | None
    seed: int
