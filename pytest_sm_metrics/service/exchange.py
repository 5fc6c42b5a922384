"""What goes into the service and what comes out: one request, one answer."""

from __future__ import annotations

from typing import Any, NamedTuple


class Request(NamedTuple):
    """One HTTP request as it arrived, before anybody looked at its body."""

    method: str
    path: str
    """After the endpoint's own base path: `/BatchPutMetrics`."""
    body: bytes
    region: str
    user_agent: str
    invocation_id: str | None
    """The same for all attempts of one call; on the wire `amz-sdk-invocation-id`."""
    attempt: int
    """Counts from 1; on the wire `amz-sdk-request: attempt=n`."""
    time: float
    """When it arrived, in seconds since the epoch; frozen time counts."""
    read_timeout: float | None = None
    """How many seconds the client waits for the answer; None: for ever."""
    host: str = ""
    """The Host header."""


class Answer(NamedTuple):
    """What the service answers."""

    status: int
    headers: dict[str, str]
    body: bytes


class Results(NamedTuple):
    """What BatchGetMetrics answers: the body, and the Status of each query in it."""

    body: bytes
    statuses: tuple[str, ...]


class NoAnswer(NamedTuple):
    """In place of an answer: what the client gets."""

    error: Any
    """An exception type or instance of botocore's; or the name of one."""

    @property
    def name(self) -> str:
        """The name of the exception."""
        if isinstance(self.error, str):
            return self.error
        return (self.error if isinstance(self.error, type) else type(self.error)).__name__
