"""The journal: every attempt that reached the service, in order."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ..clock import as_datetime
from .exchange import NoAnswer, Request, Results
from .fault import Fault
from .operations import Parsed, parse, trial_components_named
from .outcomes import Failure, Outcome, Raw
from .parsing import MalformedRequestError, read_json
from .store import Refusal

_SHOWN = 5  # names of trial components in a message


def request_ids(seed: str) -> Callable[[int], str]:
    """From an attempt's ordinal to a UUID that depends on it and on the seed alone."""
    digits = hashlib.sha256(seed.encode()).hexdigest()
    mock = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-"
    first = int(digits[-12:], 16)
    return lambda ordinal: f"{mock}{(first + ordinal) % 2**48:012x}"


class Call:
    """One attempt that reached the mock. botocore's retries are attempts of their own."""

    __slots__ = (
        "attempt",
        "body",
        "faults",
        "host",
        "in_service",
        "invocation_id",
        "operation",
        "outcome",
        "refused",
        "region",
        "request_id",
        "results",
        "time",
        "trial_component",
        "user_agent",
    )

    def __init__(
        self,
        request: Request,
        request_id: str,
        operation: str | None,
        trial_component: str | None,
        outcome: Outcome,
        in_service: Outcome,
        refused: Sequence[Refusal],
        results: Results | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        self.body = request.body
        """The bytes of the body, exactly as they arrived."""
        self.time = request.time
        """In seconds since the epoch; frozen time counts."""
        self.outcome = outcome
        self.in_service = in_service
        """How it ended within the service, whatever became of the answer; Raw or NoAnswer where it never got there."""
        self.operation = operation
        """`BatchPutMetrics` or `BatchGetMetrics`; None for a method and path that are no operation."""
        self.trial_component = trial_component
        """The TrialComponentName as sent; None where the body has none that is a string, and for BatchGetMetrics."""
        self.region = request.region
        self.user_agent = request.user_agent
        self.host = request.host
        self.invocation_id = request.invocation_id
        """`amz-sdk-invocation-id`: botocore's retries of one call share it."""
        self.attempt = request.attempt
        """Counts from 1."""
        self.request_id = request_id
        """The answer's `x-amzn-RequestId`."""
        self.refused = refused
        """The metrics that were not stored, with the rules and faults that refused them; they stand in Errors, if there was an answer."""
        self.results = results
        """What the service found for BatchGetMetrics; the answer, if it was not lost."""
        self.faults = faults
        """Those that fired."""

    @property
    def status_code(self) -> int | None:
        """The HTTP status of the answer; None where there was none."""
        if isinstance(self.outcome, NoAnswer):
            return None
        return 200 if self.outcome is None else self.outcome.status

    @property
    def error_code(self) -> str | None:
        """The error code of a call refused as a whole, the exception's name where there was no answer; None otherwise."""
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
        """The names of the trial components that it is about; `(None,)` where none can be read."""
        return trial_components_named(self.operation, self.trial_component, self.body)

    @property
    def names(self) -> str:
        """The same for a message: the first ones."""
        names = self.trial_components
        return ", ".join(map(repr, names[:_SHOWN])) + (
            f", ... ({len(names)})" if len(names) > _SHOWN else ""
        )

    @property
    def parsed(self) -> Parsed | None:
        """The request as the service read it; None where it was malformed."""
        try:
            return parse(self.operation, self.body) if self.operation else None
        except MalformedRequestError:
            return None

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The answer's Errors: `{"Code", "MetricIndex"}`, indexes from 0."""
        refused = self.refused if self.outcome is None else ()
        return [{"Code": refusal.code, "MetricIndex": refusal.metric_index} for refusal in refused]

    @property
    def response(self) -> Any:
        """The body of the answer: parsed JSON; the bytes of a raw answer; None where there was none."""
        if isinstance(self.outcome, Raw):
            return self.outcome.body
        if isinstance(self.outcome, Failure):
            return {"message": self.outcome.message}
        if isinstance(self.outcome, NoAnswer):
            return None
        return {"Errors": self.errors} if self.results is None else read_json(self.results.body)

    @property
    def ending(self) -> str:
        """How it ended, in a few words."""
        if isinstance(self.outcome, NoAnswer):
            return f"no answer, {self.outcome.name}"
        if isinstance(self.outcome, Failure):
            return f"{self.outcome.status} {self.outcome.code}: {self.outcome.message}"
        if isinstance(self.outcome, Raw):
            return f"{self.outcome.status}, {len(self.outcome.body)} bytes given by a fault"
        if self.results is None:
            return f"200, {len(self.refused)} in Errors" if self.refused else "200"
        return f"200, {', '.join(f'{times} {status}' for status, times in Counter(self.results.statuses).items())}"

    @property
    def timestamp(self) -> datetime:
        """When it arrived; aware, UTC; frozen time counts."""
        return as_datetime(self.time)

    def __repr__(self) -> str:
        return f"<Call {self.operation} {self.names} in {self.region}: {self.ending.partition(':')[0]}>"
