"""What goes into the service and what comes out: one request, one answer."""

from __future__ import annotations

from typing import NamedTuple


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


class Answer(NamedTuple):
    """What the service answers."""

    status: int
    headers: dict[str, str]
    body: bytes
