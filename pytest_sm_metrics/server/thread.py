"""The thread of a server, and its event loop."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from concurrent.futures import Future
from functools import partial

from ..clock import real_clock
from ..hosts import is_loopback
from .connections import Connections
from .handler import handle
from .requests import Bodies

_BACKLOG = 2048  # connections that wait to be accepted
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that runs on in frozen time."""

    def time(self) -> float:
        return real_clock()


class ServerThread(threading.Thread):
    """A thread that serves one port until it is stopped."""

    def __init__(self, listener: socket.socket, any_host: bool) -> None:
        super().__init__(name="sm_metrics_server", daemon=True)
        self._listener = listener
        self._any_host = any_host
        self._ready: Future[None] = Future()
        self._stopping: Future[None] = Future()
        self._connections: Connections | None = None
        address, port = listener.getsockname()[:2]
        host = _ANY.get(str(address), str(address))
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @classmethod
    def started(cls, host: str, port: int) -> ServerThread:
        """Return a thread that listens on a host and a port; 0 for any free port.

        Raise an OSError if it cannot listen there.
        """
        thread = cls(_listener(host, port), any_host=not is_loopback(host) or host in _ANY)
        thread.start()
        try:
            thread._ready.result()
        except BaseException:  # an interruption, too
            thread.stop()
            raise
        return thread

    def stop(self) -> None:
        """Close the port and all connections, and end the thread."""
        if not self._stopping.done():
            self._stopping.set_result(None)
        self.join()

    def run(self) -> None:
        """Serve until `stop` is called."""
        loop = _Loop()
        try:
            loop.run_until_complete(self._serve())
            loop.run_until_complete(loop.shutdown_default_executor())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
        finally:
            self._listener.close()
            loop.close()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        answer = partial(handle, bodies=Bodies(), any_host=self._any_host)
        self._connections = Connections(answer)
        server = await loop.create_server(self._connections, sock=self._listener, backlog=_BACKLOG)
        self._ready.set_result(None)
        try:
            await self._connections.close_idle_until(asyncio.wrap_future(self._stopping))
        finally:
            server.close()
            await self._connections.close()

    def release_descriptors(self) -> None:
        """Let go of the sockets in a forked child, so that the parent alone can close them.

        Their numbers stay taken: objects of the parent, which the child has copies of, may close
        them once more.
        """
        null = os.open(os.devnull, os.O_RDWR)
        connected = self._connections.sockets() if self._connections else []
        for one in (self._listener, *connected):
            if one.fileno() >= 0:
                os.dup2(null, one.fileno(), inheritable=False)
        os.close(null)


def _listener(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to a host and a port."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
