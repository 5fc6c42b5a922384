"""From a request that has arrived to what botocore gets: at once, or when what holds it lets go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from concurrent import futures
from contextlib import contextmanager
from typing import Protocol

from ..service.exchange import Answer, NoAnswer, Request
from ..service.faults import HeldCalls
from ..service.service import Arrival
from .wire import Response, error_of


class Answerer(Protocol):
    """What answers for a mock."""

    fast_retries: bool
    """Whether retries come without back-off."""

    def receive(self, request: Request) -> Arrival:
        """Take a request in."""
        ...

    def answer(self, arrival: Arrival) -> Answer | NoAnswer:
        """Answer it, once what holds it has let go."""
        ...

    def abandon(self, arrival: Arrival) -> None:
        """It is held no more, and nobody waits for the answer."""
        ...

    def after_fork(self) -> None:
        """Called in a forked child."""
        ...


def answer(answerer: Answerer, arrival: Arrival, url: str, is_async: bool) -> Response | Awaitable[Response]:
    """The response; for an async client, one to await. Raises what a client gets that has no answer."""
    if arrival.held is None:
        return _response(answerer.answer(arrival), url)
    if is_async:
        return _answer_async(answerer, arrival, arrival.held, url)
    with _waiting(answerer, arrival, arrival.held) as future:
        future.result(arrival.held.timeout)
    return _response(answerer.answer(arrival), url)


async def _answer_async(answerer: Answerer, arrival: Arrival, held: HeldCalls, url: str) -> Response:
    with _waiting(answerer, arrival, held) as future:
        await asyncio.wait_for(asyncio.wrap_future(future), held.timeout)
    return _response(answerer.answer(arrival), url)


@contextmanager
def _waiting(answerer: Answerer, arrival: Arrival, held: HeldCalls) -> Generator[futures.Future[None]]:
    try:
        yield held.hold()
    except (futures.TimeoutError, asyncio.TimeoutError):
        answerer.abandon(arrival)
        held.remove()
        raise RuntimeError(
            f"a call was held for {held.timeout:g} seconds by {held!r}: the block did not end meanwhile. "
            "Make the call in another thread or task than the block, and let the block end, or hold it longer (timeout)."
        ) from None
    except BaseException:  # the task was cancelled
        answerer.abandon(arrival)
        raise


def _response(answer: Answer | NoAnswer, url: str) -> Response:
    if isinstance(answer, NoAnswer):
        raise error_of(answer, url)
    return Response(url, answer)
