"""The journal: every attempt that reached the service, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..clock import as_datetime
from .exchange import Request
from .parsing import read_json
from .rules import ERROR_CODES
from .store import Refusal


def request_ids(seed: str) -> Callable[[int], str]:
    """From an attempt's ordinal to a UUID that depends on it and on the seed alone."""
    digits = hashlib.sha256(seed.encode()).hexdigest()
    mock = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-"
    first = int(digits[-12:], 16)
    return lambda ordinal: f"{mock}{(first + ordinal) % 2**48:012x}"


class Failure(NamedTuple):
    """Why a call was refused as a whole."""

    status: int
    code: str
    message: str


class Call:
    """One attempt that reached the mock. botocore's retries are attempts of their own."""

    __slots__ = (
        "_failure",
        "_time",
        "attempt",
        "body",
        "invocation_id",
        "operation",
        "refused",
        "region",
        "request_id",
        "trial_component",
        "user_agent",
    )

    def __init__(
        self,
        request: Request,
        request_id: str,
        operation: str | None,
        trial_component: str | None,
        failure: Failure | None,
        refused: Sequence[Refusal],
    ) -> None:
        self.body = request.body
        """The bytes of the body, exactly as they arrived."""
        self._time = request.time
        self._failure = failure
        self.operation = operation
        """`BatchPutMetrics`; None for a method and path that are no operation."""
        self.trial_component = trial_component
        """The TrialComponentName as sent; None where the body has none that is a string."""
        self.region = request.region
        self.user_agent = request.user_agent
        self.invocation_id = request.invocation_id
        """`amz-sdk-invocation-id`: botocore's retries of one call share it."""
        self.attempt = request.attempt
        """Counts from 1."""
        self.request_id = request_id
        """The answer's `x-amzn-RequestId`."""
        self.refused = refused
        """What stands in Errors, with the rules that put it there."""

    @property
    def status_code(self) -> int:
        """The HTTP status of the answer."""
        return 200 if self._failure is None else self._failure.status

    @property
    def error_code(self) -> str | None:
        """The error code of a call refused as a whole; None for HTTP 200."""
        return None if self._failure is None else self._failure.code

    @property
    def parameters(self) -> Any:
        """The JSON body as sent; None if it is no JSON."""
        try:
            return read_json(self.body)
        except ValueError:
            return None

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The answer's Errors: `{"Code", "MetricIndex"}`, indexes from 0."""
        return [{"Code": ERROR_CODES[refusal.rule.effect], "MetricIndex": refusal.metric_index} for refusal in self.refused]

    @property
    def response(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"Errors": self.errors} if self._failure is None else {"message": self._failure.message}

    @property
    def timestamp(self) -> datetime:
        """When it arrived; aware, UTC; frozen time counts."""
        return as_datetime(self._time)

    def __repr__(self) -> str:
        outcome = f"{self.status_code}" if self.error_code is None else f"{self.status_code} {self.error_code}"
        errors = f", {len(self.refused)} in Errors" if self.refused else ""
        return f"<Call {self.operation} {self.trial_component!r} in {self.region}: {outcome}{errors}>"
