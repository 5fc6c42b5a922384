"""Answers for botocore: a response at once, or when the fault that holds the call lets go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from contextlib import contextmanager

from ..service.exchange import Answer, HeldCall, NoAnswer
from .wire import Response, error_of


def respond(
    answer: Answer | NoAnswer | HeldCall, url: str, is_async: bool
) -> Response | Awaitable[Response]:
    """Return the response; for an async client and a held call, an awaitable of it.

    Raise the exception that a client gets that has no answer.
    """
    if isinstance(answer, HeldCall):
        return _await(answer, url) if is_async else _wait(answer, url)
    return _response(answer, url)


def _wait(held: HeldCall, url: str) -> Response:
    with _abandoned_on_error(held):
        return _response(held.result(), url)


async def _await(held: HeldCall, url: str) -> Response:
    with _abandoned_on_error(held):
        return _response(await asyncio.wrap_future(held), url)


@contextmanager
def _abandoned_on_error(held: HeldCall) -> Generator[None]:
    """Abandon a held call whose caller is cancelled, timed out, or interrupted by the keyboard."""
    try:
        yield
    except BaseException as error:
        held.abandon(error)
        raise


def _response(answer: Answer | NoAnswer, url: str) -> Response:
    if isinstance(answer, NoAnswer):
        raise error_of(answer, url)
    return Response(url, answer)
