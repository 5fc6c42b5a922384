"""The kinds of faults that a test injects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from ..errors import ERRORS, QUERY_STATUSES, SOCKET_FAILURES
from ..exchange import NoAnswer
from ..outcomes import Failure, Outcome, Raw
from .fault import Attempt, Fault, Stage


class ItemFault(Fault):
    """A fault that makes single items of a request fail."""

    stage = Stage.ITEM

    def sees(self, attempt: Attempt) -> bool:
        """Return True if an attempt has such items and passes the filters that match calls."""
        return attempt.item == self.noun and super().sees(attempt)

    def indexes(self, columns: Mapping[str, Sequence[object]]) -> list[int]:
        """Return the indexes of the items that pass its filters."""
        for condition in self.item_conditions:
            if condition.is_literal and condition.wanted not in columns[condition.name]:
                return []
        tests = [(one.holds, columns[one.name]) for one in self.item_conditions]
        return [
            index
            for index in range(len(columns["metric_name"]))
            if all(holds(column[index]) for holds, column in tests)
        ]


class MetricFault(ItemFault):
    """A fault that rejects metrics, each with an entry in Errors."""

    kind = "fail_metrics"
    noun = "metric"
    item_filters = frozenset({"metric_name", "step", "index"})

    @property
    def code(self) -> str:
        """The Code in Errors."""
        return str(self.effect)


class QueryFault(ItemFault):
    """A fault that makes queries fail, with another Status than Complete."""

    kind = "fail_queries"
    noun = "query"
    item_filters = frozenset({"metric_name", "trial_component", "region"})

    @property
    def status(self) -> str:
        """The Status of the result."""
        return str(self.effect)

    @property
    def message(self) -> str | None:
        """The Message of the result."""
        message: str | None = self.options.get("message")
        return QUERY_STATUSES[self.status] if message is None else message


class CallFault(Fault):
    """A fault that makes whole calls fail.

    Its effect is an error code, a failure of the connection, `(status, code)`, `(status, bytes)`,
    or an exception.
    """

    kind = "fail_calls"
    stage = Stage.CALL

    @property
    def stored(self) -> bool:
        """True if the data is stored although the call fails."""
        return bool(self.options.get("stored"))

    def outcome(self, operation: str | None, resource: str, caller: str) -> Outcome:
        """Return the outcome of a call of an operation, by a caller, on a resource."""
        error: Any = self.effect
        given: str | None = self.options.get("message")
        if isinstance(error, tuple):
            status, what = error
            if isinstance(what, bytes):
                return Raw(status, what)
            return Failure(status, what, what if given is None else given)
        if not isinstance(error, str):
            return NoAnswer(error)
        if error in SOCKET_FAILURES:
            return NoAnswer(SOCKET_FAILURES[error], error)
        known = ERRORS[error]
        words = {"user": caller, "action": f"sagemaker:{operation}", "resource": resource}
        message = known.message.format(**words) if given is None else given
        return Failure(known.status, error, message)


class Delay(Fault):
    """A fault that makes calls take long, in simulated time."""

    kind = "delay_calls"
    stage = Stage.DELAY

    @property
    def seconds(self) -> float:
        """The simulated duration."""
        effect: Any = self.effect
        return float(effect)


def exception_of(error: Any, endpoint_url: str) -> Exception:
    """Return an exception of botocore's from its type; fill in the fields of its message."""
    if isinstance(error, Exception):
        return error
    given = {"endpoint_url": endpoint_url, "error": "injected by a fault"}
    names = [name for _, name, _, _ in Formatter().parse(error.fmt) if name]
    made: Exception = error(**{name: given.get(name, f"<{name}>") for name in {*names, *given}})
    return made
