"""The journal's entries: every attempt that reached the service."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ..clock import as_datetime
from ..wording import printable, shortened
from .exchange import NoAnswer, Request
from .faults.fault import Attempt, Fault
from .operation import Parsed, Result
from .operations import operation_named, trial_components_in
from .outcomes import Failure, Outcome, Raw
from .parsing import RefusedRequestError, read_json

_SHOWN = 5  # names of trial components in a message


def request_ids(seed: str) -> Callable[[int], str]:
    """Return a function from an attempt's ordinal to a UUID, which repeats for the same seed."""
    digits = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()
    mock = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-"
    first = int(digits, 16)
    return lambda ordinal: f"{mock}{(first + ordinal) % 2**48:012x}"


class Call:
    """One attempt that reached the mock. Each retry of botocore's is an attempt."""

    __slots__ = (
        "access_key",
        "attempt",
        "body",
        "delay",
        "faults",
        "host",
        "in_service",
        "invocation_id",
        "is_contended",
        "operation",
        "outcome",
        "process_id",
        "region",
        "request_id",
        "result",
        "thread_name",
        "time",
        "trial_component",
        "user_agent",
    )

    def __init__(
        self, request: Request, operation: str | None, trial_component: str | None
    ) -> None:
        self.body = request.body
        """The bytes of the body, exactly as they arrived."""
        self.time = request.time
        """The time of arrival in seconds since the epoch; frozen time counts."""
        self.operation = operation
        """`BatchPutMetrics` or `BatchGetMetrics`; None for any other method and path."""
        self.trial_component = trial_component
        """The TrialComponentName as sent; None if there is none that is a string, and for
        BatchGetMetrics."""
        self.region = request.region
        self.user_agent = request.user_agent
        self.host = request.host
        self.access_key = request.access_key
        self.invocation_id = request.invocation_id
        """`amz-sdk-invocation-id`: botocore's retries of one call share it."""
        self.attempt = request.attempt
        """Counts from 1."""
        self.thread_name = request.thread_name
        """The name of the thread that made the call; empty if it is not known."""
        self.process_id = request.process_id or os.getpid()
        """The process that made the call; this one if it is not known."""
        self.request_id = ""
        """The answer's `x-amzn-RequestId`."""
        self.is_contended = False
        """True if another request for the trial component was in flight when it arrived."""
        self.outcome: Outcome = None
        """The end of the call for the client."""
        self.in_service: Outcome = None
        """The end of the call within the service, even if the client never got the answer; Raw or
        NoAnswer if the call never reached the service."""
        self.result: Result | None = None
        """The result of the service; None if the request failed, or never reached it."""
        self.faults: Sequence[Fault] = ()
        """The faults that fired."""
        self.delay = 0.0
        """The number of seconds by which faults delay the answer."""

    @property
    def refused(self) -> Sequence[Any]:
        """The rejected metrics, each with the rule or the fault that rejected it."""
        return () if self.result is None else self.result.refused

    @property
    def status_code(self) -> int | None:
        """The HTTP status of the answer; None if there was none."""
        if isinstance(self.outcome, NoAnswer):
            return None
        return 200 if self.outcome is None else self.outcome.status

    @property
    def error_code(self) -> str | None:
        """The error code of a call that failed as a whole.

        If there was no answer, it is the name of the exception.
        """
        if isinstance(self.outcome, NoAnswer):
            return self.outcome.name
        return self.outcome.code if isinstance(self.outcome, Failure) else None

    @property
    def parameters(self) -> Any:
        """The JSON body as sent; None if it is no JSON."""
        try:
            return read_json(self.body)
        except ValueError:
            return None

    @property
    def trial_components(self) -> tuple[str | None, ...]:
        """The names of the trial components that it is about; `(None,)` if none can be read."""
        if self.trial_component is not None:
            return (self.trial_component,)
        return trial_components_in(self.operation, self.body)

    @property
    def may_store(self) -> bool:
        """True if its operation stores something, or is unknown."""
        operation = operation_named(self.operation)
        return operation is None or operation.stores

    @property
    def names(self) -> str:
        """The first names of trial components, for a message."""
        names = self.trial_components
        more = f", ... ({len(names)})" if len(names) > _SHOWN else ""
        shown = [repr(name if name is None else shortened(name)) for name in names[:_SHOWN]]
        return ", ".join(shown) + more

    @property
    def parsed(self) -> Parsed | None:
        """The parsed request; None if it is malformed."""
        operation = operation_named(self.operation)
        if operation is None:
            return None
        try:
            parsed: Parsed = operation.parse(self.body)
        except RefusedRequestError:
            return None
        return parsed

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The answer's Errors: `{"Code", "MetricIndex"}`, indexes from 0."""
        return self.result.errors if self.result and self.outcome is None else []

    @property
    def response(self) -> Any:
        """The body of the answer as parsed JSON; None if there was no answer.

        Of a raw answer, it is the bytes.
        """
        if isinstance(self.outcome, Raw):
            return self.outcome.body
        if isinstance(self.outcome, Failure):
            return {"message": self.outcome.message}
        if isinstance(self.outcome, NoAnswer) or self.result is None:
            return None
        return read_json(self.result.body)

    @property
    def ending(self) -> str:
        """A short description of its end."""
        if isinstance(self.outcome, NoAnswer):
            return f"no answer, {self.outcome.name}"
        if isinstance(self.outcome, Failure):
            failure = f"{self.outcome.status} {self.outcome.code}: {self.outcome.message}"
            return printable(failure)
        if isinstance(self.outcome, Raw):
            return f"{self.outcome.status}, {len(self.outcome.body)} bytes from a fault"
        summary = self.result.summary if self.result else ""
        return f"200, {summary}" if summary else "200"

    @property
    def timestamp(self) -> datetime:
        """The time of arrival: aware, UTC; frozen time counts."""
        return as_datetime(self.time)

    def __repr__(self) -> str:
        ending = self.ending.partition(":")[0]
        return f"<Call {self.operation} {self.names} in {self.region}: {ending}>"


def attempt_of(call: Call, parsed: Parsed | None) -> Attempt:
    """Return the values that the filters of faults match."""
    operation = operation_named(call.operation)
    item = operation.item if operation else None
    columns = parsed.columns if parsed else None
    return Attempt((call.operation,), call.trial_components, (call.region,), item, columns)
