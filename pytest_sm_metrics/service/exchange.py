"""Requests and answers: the input and the output of the service."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from ..clock import http_date

REGION_HEADER = "x-sm-metrics-region"
"""The region of a request that is forwarded without a signature."""
PROCESS_HEADER = "x-sm-metrics-process-id"
"""The process that makes a forwarded request."""


class Request(NamedTuple):
    """One HTTP request as it arrived, before its body was read."""

    method: str
    path: str
    """The path after the endpoint's own base path: `/BatchPutMetrics`."""
    body: bytes
    region: str
    user_agent: str
    invocation_id: str | None
    """The same for all attempts of one call; on the wire `amz-sdk-invocation-id`."""
    attempt: int
    """Counts from 1; on the wire `amz-sdk-request: attempt=n`."""
    time: float
    """The time of arrival, in seconds since the epoch; frozen time counts."""
    read_timeout: float | None = None
    """The number of seconds that the client waits for the answer; None for no limit."""
    host: str = ""
    """The Host header."""
    thread_name: str = ""
    """The name of the thread that makes the call; empty if it is not known."""
    process_id: int = 0
    """The process that makes the call; 0 if it is not known."""
    access_key: str = ""
    """The access key id of the signature; empty for a request that is not signed."""


class Answer(NamedTuple):
    """An HTTP response of the service."""

    status: int
    headers: dict[str, str]
    body: bytes
    delay: float = 0.0
    """The number of seconds by which faults delay it. In process they are simulated."""


def raw_answer(status: int, body: bytes, request_id: str, time: float) -> Answer:
    """Return a response without a Content-Type. `time`: seconds since the epoch, for its Date."""
    headers = {
        "x-amzn-RequestId": request_id,
        "Date": http_date(int(time)),
        "Content-Length": str(len(body)),
    }
    return Answer(status, headers, body)


def json_answer(status: int, body: bytes, request_id: str, time: float) -> Answer:
    """Return a response whose body is JSON."""
    answer = raw_answer(status, body, request_id, time)
    answer.headers["Content-Type"] = "application/json"
    return answer


def error_answer(status: int, code: str, message: str, request_id: str, time: float) -> Answer:
    """Return an error response."""
    answer = json_answer(status, json.dumps({"message": message}).encode(), request_id, time)
    answer.headers["x-amzn-ErrorType"] = code
    return answer


class NoAnswer(NamedTuple):
    """The absence of a response: the client gets an exception."""

    error: Any
    """An exception type or instance of botocore's, or the name of one."""
    failure: str = ""
    """The failure of the connection, one of SOCKET_FAILURES; empty: it is closed."""
    unsent: Answer | None = None
    """The answer that is not sent, or only in part."""
    delay: float = 0.0
    """The number of seconds by which faults delay the failure."""

    @property
    def name(self) -> str:
        """The name of the exception."""
        if isinstance(self.error, str):
            return self.error
        return (self.error if isinstance(self.error, type) else type(self.error)).__name__


class HeldCall(Future["Answer | NoAnswer"]):
    """A call that a fault holds in flight. Its result is the answer, once the fault releases it.

    A caller that stops waiting calls `abandon` with the error that it gets instead.
    """

    def __init__(
        self,
        ordinal: int,
        answer: Callable[[], Answer | NoAnswer],
        record_abandoned: Callable[[BaseException, str], None],
        release: Callable[[HeldCall], bool],
    ) -> None:
        super().__init__()
        self.ordinal = ordinal
        """The place among all attempts that reached the service, from 0."""
        self.answer = answer
        """Answer the request; called once, by the fault that holds it."""
        self.record_abandoned = record_abandoned
        """Enter the call in the journal, with the error that the caller got, and a finding."""
        self.abandoned_for: BaseException | None = None
        """The error that the caller gets, if the wait for the answer has ended."""
        self._release = release
        """Release the call from the fault. Return True if it was still held."""

    def abandon(self, error: BaseException, finding: str = "") -> bool:
        """Stop waiting for the answer. Return True if the call was still held.

        `finding` fails the test: the error is one of the test itself.
        """
        if not self._release(self):
            return False
        self.abandoned_for = error
        self.record_abandoned(error, finding)
        return True
