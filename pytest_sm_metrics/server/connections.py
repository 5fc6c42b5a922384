"""The connections of clients, and their bounds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

IDLE = 60.0
"""The longest time in seconds that a connection stays open without a complete request."""

_READ_AHEAD = 8 * 1024  # bytes that are received at once, and wait in memory to be read
_CLOSING = 0.1  # seconds that requests in progress have left when the server stops

_malformed = logging.getLogger("pytest_sm_metrics.server.malformed")
"""Gets aiohttp's messages about malformed HTTP: the client has the answer, and tests no noise."""
_malformed.disabled = True

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connections(web.Server):
    """The connections of clients. One that is idle, or slow to send a request, is closed.

    A client that disconnects ends the wait for its answer.
    """

    def __init__(self, handle: Handle) -> None:
        options: dict[str, Any] = {
            "auto_decompress": False,
            "access_log": None,
            "read_bufsize": _READ_AHEAD,
            "logger": _malformed,
        }
        super().__init__(self._handle, handler_cancellation=True, **options)
        self._handle_request = handle
        self._open: dict[web.RequestHandler, asyncio.Transport] = {}
        self._idle_since: dict[web.RequestHandler, float] = {}
        """The connections without a request in progress."""

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
        self._idle_since.pop(request.protocol, None)
        try:
            return await self._handle_request(request)
        finally:
            if request.protocol in self._open:
                self._idle_since[request.protocol] = asyncio.get_running_loop().time()

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
