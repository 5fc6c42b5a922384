"""The settings of a mock: their names, defaults and accepted values, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Accepted = tuple[str, Callable[[object], bool]]
    """What is accepted, in words, and whether a value is."""

Window = tuple[timedelta, timedelta]
UnknownTrialComponent = Literal["create", "reject"]
ConcurrentWrites = Literal["accept", "conflict"]
RejectedMetrics = Literal["ignore", "error"]
UnusedFaults = Literal["error", "ignore"]


def is_whole(value: object, least: float = float("-inf"), most: float = float("inf")) -> bool:
    """Whether it is a whole number between two others, True and False being none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_account_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == 12 and value.isascii() and value.isdigit()


def _is_caller(value: object) -> bool:
    return value is None or (
        isinstance(value, str) and re.fullmatch(_CALLER, value, re.ASCII) is not None
    )


_CALLER = (
    r"arn:aws[a-z-]*:iam::\d{12}:user(/[\w+=,.@-]+)+"
    r"|arn:aws[a-z-]*:sts::\d{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+"
    r"|[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?"
)


def _are_faults(value: object) -> bool:
    return isinstance(value, (tuple, list)) and all(hasattr(one, "put_in_force") for one in value)


def _is_limit(value: object) -> bool:
    return value is None or is_whole(value, 0)


def _is_window(value: object) -> bool:
    if value is None:
        return True
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(side, timedelta) and side >= timedelta() for side in value)
    )


def one_of(*values: str) -> Accepted:
    """Some words, and nothing else."""
    return " or ".join(
        f'"{value}"' for value in values
    ), lambda value: isinstance(value, str) and value in values


def _setting(
    default: Any,
    accepted: Accepted,
    meaning: str,
    ini_type: str = "string",
    read: Callable[[Any], Any] | None = None,
) -> Any:
    words, accepts = accepted
    return field(
        default=default,
        metadata={
            "accepted": words,
            "accepts": accepts,
            "meaning": meaning,
            "ini_type": ini_type,
            "read": read or _same,
        },
    )


def _same(value: Any) -> Any:
    return value


_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _read_window(text: object) -> Any:
    """`14d,2h` as two timedeltas; what is no window, as it is."""
    if not isinstance(text, str):
        return text
    sides = [re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([dhms])\s*", side) for side in text.split(",")]
    try:
        return (
            tuple(timedelta(**{_UNITS[side[2]]: float(side[1])}) for side in sides if side)
            if all(sides)
            else text
        )
    except OverflowError:
        return text


_WINDOW: Accepted = (
    "None, or a tuple of two timedeltas that are not negative, (past, future); as an ini option 14d,2h (d, h, m or s)",
    _is_window,
)
_LIMIT: Accepted = ("None, or a whole number from 0", _is_limit)


@dataclass(frozen=True, eq=False, repr=False)  # what is generated costs every start-up of pytest
class Settings:
    """The settings of one mock, all of them accepted values."""

    account_id: str = _setting(
        "123456789012", ("a string of 12 digits", _is_account_id),
        "the account that owns the resources",
    )  # fmt: skip
    caller_arn: str | None = _setting(
        None,
        (
            "None, or the ARN of an IAM user or of an assumed role's session, or a service principal as sagemaker.amazonaws.com",
            _is_caller,
        ),
        "who calls, as AccessDeniedException has it; None: an IAM user of the account",
    )
    metric_limit: int | None = _setting(
        None, _LIMIT,
        "metrics (items of MetricData) that a trial component may hold; past it: METRIC_LIMIT_EXCEEDED", "int",
    )  # fmt: skip
    metric_name_limit: int | None = _setting(
        None, _LIMIT,
        "distinct metric names that a trial component may hold; past it: METRIC_LIMIT_EXCEEDED", "int",
    )  # fmt: skip
    unknown_trial_component: UnknownTrialComponent = _setting(
        "create", one_of("create", "reject"),
        "what a write to a trial component that nobody created gets: it is created, or each metric is a VALIDATION_ERROR",
    )  # fmt: skip
    concurrent_writes: ConcurrentWrites = _setting(
        "accept", one_of("accept", "conflict"),
        "what becomes of the metrics of a request for a trial component for which an earlier one is in flight: \"conflict\" gives them "
        "CONFLICT_ERROR",
    )  # fmt: skip
    timestamp_window: Window | None = _setting(
        None, _WINDOW,
        "how far a Timestamp may lie from now (frozen time counts); outside it: VALIDATION_ERROR", read=_read_window,
    )  # fmt: skip
    query_limit: int | None = _setting(
        None, _LIMIT,
        "values that one query of BatchGetMetrics may return; past it: Truncated", "int",
    )  # fmt: skip
    fast_retries: bool = _setting(
        True, ("True or False", lambda value: isinstance(value, bool)),
        "whether botocore's retries come without the back-off between them", "bool",
    )  # fmt: skip
    unused_faults: UnusedFaults = _setting(
        "error", one_of("error", "ignore"),
        "whether a fault that never fired fails the test",
    )  # fmt: skip
    rejected_metrics: RejectedMetrics = _setting(
        "ignore", one_of("ignore", "error"),
        "whether a metric that a rule rejected fails the test",
    )  # fmt: skip
    faults: Sequence[Any] = _setting(
        (), ("a list or tuple of what fail_metrics(...), fail_calls(...), fail_queries(...) and delay_calls(...) make", _are_faults),
        "faults in force from the start; those of several markers add up", "",
    )  # fmt: skip
    seed: int = _setting(
        0, ("a whole number", is_whole),
        "every random choice (whether faults fire, request ids) depends on it, on the test's node id and on the ordinal of the attempt, "
        "on nothing else", "int",
    )  # fmt: skip

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Settings from keywords, the rest as `use_defaults` has them."""
        check(given)
        return cls(**{**_defaults, **given})


_defaults: Mapping[str, Any] = {}


def use_defaults(given: Mapping[str, Any]) -> Callable[[], None]:
    """Have mocks start with these settings where nobody says otherwise; gives back what undoes it."""
    global _defaults
    before, _defaults = _defaults, given

    def undo() -> None:
        global _defaults
        _defaults = before

    return undo


KNOWN = {setting.name: setting.metadata for setting in fields(Settings)}


def check(given: Mapping[str, Any]) -> None:
    """A TypeError for an unknown name, a ValueError for a value that is not accepted."""
    for name, value in given.items():
        if name not in KNOWN:
            raise TypeError(
                f"unknown setting {name!r}{did_you_mean(name, KNOWN)} The settings are: {', '.join(KNOWN)}."
            )
        if not KNOWN[name]["accepts"](value):
            raise ValueError(f"setting {name} is {value!r}; accepted is {KNOWN[name]['accepted']}.")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of the sentence about a name that is not known."""
    import difflib

    folded = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), folded, n=1)
    return f"; did you mean {folded[near[0]]!r}?" if near else "."


class SettingsKeywords(TypedDict, total=False):
    """The same names for type checkers, as keywords of `mock_sm_metrics`."""

    account_id: str
    caller_arn: str | None
    metric_limit: int | None
    metric_name_limit: int | None
    unknown_trial_component: UnknownTrialComponent
    concurrent_writes: ConcurrentWrites
    timestamp_window: Window | None
    query_limit: int | None
    fast_retries: bool
    unused_faults: UnusedFaults
    rejected_metrics: RejectedMetrics
    faults: Sequence[Any]
    seed: int
