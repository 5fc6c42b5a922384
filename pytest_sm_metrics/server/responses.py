"""Responses: from the service's answer to the bytes of a connection, and to its failures."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from aiohttp import web

from ..clock import now
from ..service.exchange import Answer, NoAnswer, json_answer

LONGEST_SILENCE = 60.0
"""The number of seconds after which a client that gets no answer is disconnected."""


async def respond(request: web.BaseRequest, answer: Answer | NoAnswer) -> web.StreamResponse:
    """Return the response with an answer, or make the connection fail."""
    if isinstance(answer, Answer):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    if request.transport is not None:
        await _FAILURES.get(answer.failure, _close)(request.transport, answer)
    return web.Response()  # it cannot be sent any more


async def _close(transport: asyncio.Transport, _: NoAnswer) -> None:
    transport.close()


async def _reset(transport: asyncio.Transport, _: NoAnswer) -> None:
    """Reset the connection: TCP sends RST in place of FIN."""
    connected: Any = transport.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _truncate(transport: asyncio.Transport, lost: NoAnswer) -> None:
    """Send half of the body that Content-Length announces, then close the connection."""
    unsent = lost.unsent or json_answer(200, b"{}", str(uuid4()), now())
    headers = [f"{name}: {value}" for name, value in unsent.headers.items()]
    lines = [f"HTTP/1.1 {unsent.status} OK", *headers]
    head = "\r\n".join([*lines, "", ""]).encode()
    transport.write(head + unsent.body[: len(unsent.body) // 2])
    transport.close()


async def _stay_silent(transport: asyncio.Transport, _: NoAnswer) -> None:
    """Wait until the client gives up, or for a bound."""
    await asyncio.sleep(LONGEST_SILENCE)
    transport.close()


_FAILURES: dict[str, Callable[[asyncio.Transport, NoAnswer], Awaitable[None]]] = {
    "ConnectionReset": _reset,
    "TruncatedBody": _truncate,
    "NoAnswer": _stay_silent,
}
"""The failures of a connection, SOCKET_FAILURES of the service."""
