"""The settings of a mock: their names, defaults and accepted values, in one place."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from .accepted import Accepted, is_whole, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Window = tuple[timedelta, timedelta]
UnknownTrialComponent = Literal["create", "reject"]
ConcurrentWrites = Literal["accept", "conflict"]
RejectedMetrics = Literal["ignore", "error"]
ChildProcesses = Literal["refuse", "answer"]
UnusedFaults = Literal["error", "ignore"]


def _is_account_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{12}", value, re.ASCII) is not None


def _is_organization_id(value: object) -> bool:
    """Return True for None, and for what the API Reference of AWS Organizations accepts."""
    if value is None:
        return True
    return isinstance(value, str) and re.fullmatch(r"o-[a-z0-9]{10,32}", value) is not None


_CALLER = (
    r"arn:aws[a-z-]*:iam::\d{12}:user(/[\w+=,.@-]+)+"
    r"|arn:aws[a-z-]*:sts::\d{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+"
    r"|[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?"
)


def _is_caller(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, str) and re.fullmatch(_CALLER, value, re.ASCII) is not None


def _are_faults(value: object) -> bool:
    if not isinstance(value, (tuple, list)):
        return False
    return all(hasattr(one, "fresh") for one in value)


def _is_limit(value: object) -> bool:
    return value is None or is_whole(value, 0)


def _is_window(value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    return all(isinstance(side, timedelta) and side >= timedelta() for side in value)


_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _read_window(text: object) -> Any:
    """Convert `14d,2h` to two timedeltas; return anything else as it is."""
    if not isinstance(text, str):
        return text
    sides = [
        re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([dhms])\s*", side, re.ASCII)
        for side in text.split(",")
    ]
    try:
        given = [timedelta(**{_UNITS[side[2]]: float(side[1])}) for side in sides if side]
    except OverflowError:
        return text
    return tuple(given) if all(sides) else text


_LIMIT: Accepted = ("None, or a whole number from 0", _is_limit)


class Setting:
    """One setting."""

    def __init__(
        self,
        default: Any,
        accepted: Accepted,
        meaning: str,
        ini_type: str = "string",
        read: Callable[[Any], Any] | None = None,
        as_text: str = "",
    ) -> None:
        self.default = default
        self.accepted, self.accepts = accepted
        """The accepted values in words, and a function that returns True for one."""
        self.meaning = meaning
        self.ini_type = ini_type
        """The type of the ini option; empty if there is none."""
        self.read = read
        """Converts the value of the ini option; None if it stays as it is."""
        self.accepted_as_text = as_text or self.accepted.removeprefix("None, or ")
        """The accepted values of an option, in words: None is not written."""

    def value_of(self, text: str) -> Any:
        """Convert the text of a command-line option; return it as it is if that cannot be done."""
        value: Any = text
        if self.ini_type == "int" and re.fullmatch(r"[+-]?\d+", text, re.ASCII):
            value = int(text)
        return self.read(value) if self.read else value


SETTINGS: dict[str, Setting] = {
    "account_id": Setting(
        "123456789012",
        ("a string of 12 digits", _is_account_id),
        "the account that owns the resources",
    ),
    "organization_id": Setting(
        None,
        ("None, or o- and 10 to 32 lower-case letters or digits", _is_organization_id),
        "the organization under which organization trails of CloudTrail deliver; None: moto's, "
        "or an error for such a trail",
    ),
    "caller_arn": Setting(
        None,
        (
            "None, or the ARN of an IAM user or of an assumed role's session, or a service "
            "principal as sagemaker.amazonaws.com",
            _is_caller,
        ),
        "the caller in AccessDeniedException; None: an IAM user of the account",
    ),
    "metric_limit": Setting(
        None,
        _LIMIT,
        "metrics (items of MetricData) that a trial component may hold; past it: "
        "METRIC_LIMIT_EXCEEDED",
        "int",
    ),
    "metric_name_limit": Setting(
        None,
        _LIMIT,
        "distinct metric names that a trial component may hold; past it: METRIC_LIMIT_EXCEEDED",
        "int",
    ),
    "unknown_trial_component": Setting(
        "create",
        one_of("create", "reject"),
        "whether a write to a trial component that was not created before creates it; "
        '"reject": each metric gets VALIDATION_ERROR',
    ),
    "concurrent_writes": Setting(
        "accept",
        one_of("accept", "conflict"),
        'whether requests for one trial component may be in flight together; "conflict": the '
        "metrics of the later one get CONFLICT_ERROR",
    ),
    "timestamp_window": Setting(
        None,
        (
            "None, or a tuple of two timedeltas that are not negative, (past, future); as an ini "
            "option 14d,2h (d, h, m or s)",
            _is_window,
        ),
        "the distance that a Timestamp may have from now (frozen time counts); outside it: "
        "VALIDATION_ERROR",
        read=_read_window,
        as_text="two durations, past and future, as 14d,2h (d, h, m or s)",
    ),
    "query_limit": Setting(
        None,
        _LIMIT,
        "values that one query of BatchGetMetrics may return; past it: Truncated",
        "int",
    ),
    "fast_retries": Setting(
        True,
        ("True or False", lambda value: isinstance(value, bool)),
        "whether botocore retries at once, without its back-off delays",
        "bool",
    ),
    "unused_faults": Setting(
        "error",
        one_of("error", "ignore"),
        "whether a fault that never fired fails the test",
    ),
    "rejected_metrics": Setting(
        "ignore",
        one_of("ignore", "error"),
        "whether a metric that a rule rejected fails the test",
    ),
    "faults": Setting(
        (),
        (
            "a list or tuple of faults from fail_metrics(...), fail_calls(...), fail_queries(...) "
            "and delay_calls(...)",
            _are_faults,
        ),
        "faults in force from the start; those of several markers add up",
        "",
    ),
    "child_processes": Setting(
        "refuse",
        one_of("refuse", "answer"),
        'whether calls of forked children raise; "answer": this mock answers every process that '
        "is started while it is on (needs the extra `server`)",
    ),
    "seed": Setting(
        0,
        ("a whole number", is_whole),
        "the seed of every random choice (whether faults fire, request ids), with the test's node "
        "id and the ordinal of the attempt",
        "int",
    ),
}
"""Every setting by its name."""


class Settings:
    """The settings of one mock. They have accepted values, and do not change."""

    account_id: str
    organization_id: str | None
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
    child_processes: ChildProcesses
    seed: int

    def __init__(self, **given: Any) -> None:
        check_settings(given)
        defaults = {name: setting.default for name, setting in SETTINGS.items()}
        vars(self).update({**defaults, **given})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings do not change: {name} is {getattr(self, name, None)!r}")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Return the given settings, with the defaults of `use_defaults` for the others."""
        check_settings(given)
        return cls(**{**_defaults, **given})


_defaults: Mapping[str, Any] = {}


def use_defaults(given: Mapping[str, Any]) -> Callable[[], None]:
    """Set the defaults of new mocks. Return a function that restores the previous ones."""
    global _defaults
    before, _defaults = _defaults, given

    def restore() -> None:
        global _defaults
        _defaults = before

    return restore


def check_settings(given: Mapping[str, Any], also: Sequence[str] = ()) -> None:
    """Raise a TypeError for an unknown name, and a ValueError for an invalid value.

    `also`: names that are no settings, and accepted here.
    """
    for name, value in given.items():
        if name in also:
            continue
        if name not in SETTINGS:
            from .wording import did_you_mean

            known = [*SETTINGS, *also]
            raise TypeError(
                f"unknown setting {name!r}{did_you_mean(name, known)} "
                f"The settings are: {', '.join(known)}."
            )
        setting = SETTINGS[name]
        if not setting.accepts(value):
            raise ValueError(f"setting {name} is {value!r}; accepted is {setting.accepted}.")
