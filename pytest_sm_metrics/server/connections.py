"""The connections of clients, and their bounds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .peers import process_of_client

IDLE = 60.0
"""The longest time in seconds that a connection stays open without a complete request."""

MOST_HEAD = 16 * 1024
"""The size of an incomplete request line with its headers, in bytes."""

_READ_AHEAD = 4 * 1024  # bytes that are received at once, and wait in memory to be read
_LAST_ANSWER = 0.1  # seconds in which a client that sends no more gets its answer
_CLOSING = 0.1  # seconds that requests in progress have left when the server stops

_malformed = logging.getLogger("pytest_sm_metrics.server.malformed")
"""Gets aiohttp's messages about malformed HTTP: the client has the answer, and tests no noise."""
_malformed.disabled = True

_TOO_LONG = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_END_OF_HEAD = b"\r\n\r\n"

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(web.RequestHandler):
    """A connection of a client. It is closed if the head of a request does not end."""

    __slots__ = (
        "_client_process",
        "_connections",
        "_head_size",
        "_tail",
        "awaits_answer",
        "is_half_closed",
    )

    def __init__(self, connections: Connections, **options: Any) -> None:
        super().__init__(connections, **options)
        self._connections = connections
        self._client_process: int | None = None
        self._head_size = 0
        self._tail = b""
        self.awaits_answer = False
        """True from the first bytes of a request until its answer is known."""
        self.is_half_closed = False
        """True if the client sends no more. It may have left, or still wait for an answer."""

    def client_process(self, transport: asyncio.Transport) -> int:
        """Return the process of the client if it descends from this one; 0 if it is not known."""
        if self._client_process is None:
            client, server = map(transport.get_extra_info, ("peername", "sockname"))
            is_known = client and server  # not if the client has left at once
            self._client_process = process_of_client(client[1], server[1]) if is_known else 0
        return self._client_process

    def data_received(self, data: bytes) -> None:
        """Read what arrives."""
        self.awaits_answer = True
        if self._connections.is_between_requests(self):
            arrived = self._tail + data
            self._tail = arrived[1 - len(_END_OF_HEAD) :]
            self._head_size = 0 if _END_OF_HEAD in arrived else self._head_size + len(data)
            if self._head_size > MOST_HEAD:
                self._connections.refuse(self)
                return
        super().data_received(data)

    def eof_received(self) -> Any:
        """Return True to keep the connection for a moment, if the client may expect an answer."""
        self.is_half_closed = True
        if self.transport is None or not self.awaits_answer:
            return False
        asyncio.get_running_loop().call_later(_LAST_ANSWER, self.transport.close)
        return True


class Connections(web.Server):
    """The connections of clients. One that is idle, or slow to send a request, is closed.

    A client that disconnects ends the wait for its answer.
    """

    def __init__(self, handle: Handle) -> None:
        self._options: dict[str, Any] = {
            "auto_decompress": False,
            "access_log": None,
            "read_bufsize": _READ_AHEAD,
            "logger": _malformed,
        }
        super().__init__(self._handle, handler_cancellation=True)
        self._handle_request = handle
        self._open: dict[web.RequestHandler, asyncio.Transport] = {}
        self._idle_since: dict[web.RequestHandler, float] = {}
        """The connections without a request in progress."""

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)

    def is_between_requests(self, handler: web.RequestHandler) -> bool:
        """Return True if no request of a connection is in progress."""
        return handler in self._idle_since

    def refuse(self, handler: web.RequestHandler) -> None:
        """Answer a request whose head is too long, and close its connection."""
        transport = self._open[handler]
        transport.write(_TOO_LONG)
        transport.close()

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Begin to measure the idle time of a connection."""
        super().connection_made(handler, transport)
        self._open[handler] = transport
        of_selector_loop: Any = transport
        of_selector_loop.max_size = _READ_AHEAD
        self._idle_since[handler] = asyncio.get_running_loop().time()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Forget a connection."""
        self._open.pop(handler, None)
        self._idle_since.pop(handler, None)
        super().connection_lost(handler, exc)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection: Any = request.protocol
        self._idle_since.pop(connection, None)
        try:
            response = await self._handle_request(request)
        finally:
            connection.awaits_answer = False
            if connection in self._open:
                self._idle_since[connection] = asyncio.get_running_loop().time()
        if connection.is_half_closed or "Upgrade" in request.headers:
            response.force_close()
        return response

    async def close_idle_until(self, stop: asyncio.Future[None]) -> None:
        """Close idle connections until a future is done."""
        while not stop.done():
            await asyncio.wait([stop], timeout=IDLE / 4)
            now = asyncio.get_running_loop().time()
            for handler, since in self._idle_since.items():
                if now - since > IDLE:
                    self._open[handler].abort()

    async def close(self) -> None:
        """Close all connections; end what is in progress."""
        await self.shutdown(_CLOSING)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        while self._open:
            for transport in self._open.values():
                transport.abort()
            await asyncio.sleep(0)

    def sockets(self) -> list[Any]:
        """Return the sockets of all connections."""
        return [transport.get_extra_info("socket") for transport in list(self._open.values())]
