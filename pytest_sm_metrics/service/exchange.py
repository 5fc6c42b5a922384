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
    """`amz-sdk-invocation-id`: the same for all attempts of one call."""
    attempt: int
    """From `amz-sdk-request: attempt=n`; counts from 1."""
    time: float
    """When it arrived, in seconds since the epoch; frozen time counts."""


class Answer(NamedTuple):
    """What the service answers."""

    status: int
    headers: dict[str, str]
    body: bytes
