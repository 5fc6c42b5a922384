"""The kinds of faults that a test injects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from .errors import ERRORS, QUERY_STATUSES
from .exchange import NoAnswer
from .fault import Fault, Stage
from .outcomes import Failure, Outcome, Raw


class ItemFault(Fault):
    """Single items of a request that fail, and the others do not."""

    stage = Stage.ITEM

    def indexes(self, columns: Mapping[str, Sequence[object]]) -> list[int]:
        """The items of a request that it is for."""
        for test in self._item_tests:
            if test.is_literal and test.wanted not in columns[test.name]:
                return []
        tests = [(test, columns[test.name]) for test in self._item_tests]
        return [
            index
            for index in range(len(columns["metric_name"]))
            if all(test.holds(column[index]) for test, column in tests)
        ]


class MetricFault(ItemFault):
    """Metrics that are refused, each with an entry in Errors."""

    kind = "fail_metrics"
    noun = "metric"
    operation = "BatchPutMetrics"
    _of_items = frozenset({"metric_name", "step", "index"})

    @property
    def code(self) -> str:
        """The Code in Errors."""
        return str(self._made_of[0])


class QueryFault(ItemFault):
    """Queries that are answered with another Status than Complete."""

    kind = "fail_queries"
    noun = "query"
    operation = "BatchGetMetrics"
    _of_items = frozenset({"metric_name", "trial_component", "region"})

    @property
    def status(self) -> str:
        """The Status of the result."""
        return str(self._made_of[0])

    @property
    def message(self) -> str | None:
        """The Message of the result."""
        message: str | None = self._more.get("message")
        return QUERY_STATUSES[self.status] if message is None else message


class CallFault(Fault):
    """Calls that fail as a whole."""

    kind = "fail_calls"
    stage = Stage.CALL

    @property
    def error(self) -> Any:
        """An error code, `(status, code)`, `(status, bytes)`, or an exception."""
        return self._made_of[0]

    @property
    def message(self) -> str | None:
        """The message of the error; None for the one that AWS gives."""
        message: str | None = self._more.get("message")
        return message

    @property
    def stored(self) -> bool:
        """Whether the data is stored all the same."""
        return bool(self._more.get("stored"))

    def outcome(self, operation: str | None, resource: str, caller: str) -> Outcome:
        """Return how a call of an operation ends that a caller makes about a resource."""
        error = self.error
        if isinstance(error, tuple):
            status, what = error
            if isinstance(what, bytes):
                return Raw(status, what)
            return Failure(status, what, what if self.message is None else self.message)
        if not isinstance(error, str):
            return NoAnswer(error)
        known = ERRORS[error]
        words = {"user": caller, "action": f"sagemaker:{operation}", "resource": resource}
        message = known.message.format(**words) if self.message is None else self.message
        return Failure(known.status, error, message)


class Delay(Fault):
    """Calls that take long; no time passes."""

    kind = "delay_calls"
    stage = Stage.DELAY

    @property
    def seconds(self) -> float:
        """How long."""
        return float(self._made_of[0])


def exception_of(error: Any, endpoint_url: str) -> Exception:
    """An exception of botocore's from its type, with all that its message names."""
    if isinstance(error, Exception):
        return error
    given = {"endpoint_url": endpoint_url, "error": "injected by a fault"}
    names = [name for _, name, _, _ in Formatter().parse(error.fmt) if name]
    made: Exception = error(**{name: given.get(name, f"<{name}>") for name in {*names, *given}})
    return made
