"""From a request that has arrived to what botocore gets: at once, or when what holds it lets go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from typing import Protocol

from ..service.exchange import Answer, NoAnswer, Request
from ..service.held_calls import Answered, HeldCalls
from ..service.service import Arrival
from .backoff import Retried
from .control_plane import Listener
from .wire import Response, error_of


class Answerer(Listener, Retried, Protocol):
    """What answers for a mock."""

    def receive(self, request: Request) -> Arrival:
        """Take a request in."""
        ...

    def answer(self, arrival: Arrival) -> Answer | NoAnswer:
        """Answer it, once what holds it has let go."""
        ...

    def abandon(self, arrival: Arrival, error: BaseException) -> None:
        """It is held no more, and nobody waits for the answer: this is what the caller got."""
        ...

    def after_fork(self) -> None:
        """Called in a forked child."""
        ...


def answer(
    answerer: Answerer, arrival: Arrival, url: str, is_async: bool
) -> Response | Awaitable[Response]:
    """The response; for an async client, one to await. Raises what a client gets that has no answer."""
    if arrival.held is None:
        return _response(answerer.answer(arrival), url)
    future = arrival.held.hold(
        arrival.ordinal,
        lambda: answerer.answer(arrival),
        lambda error: answerer.abandon(arrival, error),
    )
    return _await(future, arrival.held, url) if is_async else _wait(future, arrival.held, url)


def _wait(future: Answered, held: HeldCalls, url: str) -> Response:
    with _abandoned_if_interrupted(future, held):
        return _response(future.result(), url)


async def _await(future: Answered, held: HeldCalls, url: str) -> Response:
    with _abandoned_if_interrupted(future, held):
        return _response(await asyncio.wrap_future(future), url)


@contextmanager
def _abandoned_if_interrupted(future: Answered, held: HeldCalls) -> Generator[None]:
    """Cancelled, timed out or interrupted from the keyboard: nobody waits for the answer any more."""
    try:
        yield
    except BaseException as error:
        held.abandon(future, error)
        raise


def _response(answer: Answer | NoAnswer, url: str) -> Response:
    if isinstance(answer, NoAnswer):
        raise error_of(answer, url)
    return Response(url, answer)
