"""The server as its users see it: a URL, and the environment of a child process."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakSet

if TYPE_CHECKING:
    from .thread import ServerThread

_KEY = "sm-metrics"  # any signature is accepted
REGION = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _KEY}
"""The environment of a child process that has no region, or no credentials."""
_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


class SageMakerMetricsServer:
    """SageMaker Metrics over HTTP. The innermost mock answers each request when it arrives.

    The server runs in a thread of its process, from its first user to the last: `with` makes a
    user. Its URL stays the same meanwhile. A later first user gets the same URL again, if its port
    is still free: the forkserver of multiprocessing keeps the environment of its start.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host, self._port = host, port
        self._forget()
        _servers.add(self)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._thread: ServerThread | None = None
        self._last_port = 0

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, the endpoint URL for clients."""
        return self._running().url

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that a child process needs to log to the mock.

        They are the endpoint of SageMaker Metrics, a region and made-up credentials. Other services
        keep their endpoints.
        """
        endpoint = {
            "AWS_ENDPOINT_URL_SAGEMAKER_METRICS": self.url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        }
        return {**endpoint, **_without_proxy(self.url), **REGION, **CREDENTIALS}

    def acquire(self) -> SageMakerMetricsServer:
        """Add a user. The first one starts the server. Return the server.

        Raise a ModuleNotFoundError if aiohttp is not installed.
        """
        with self._lock:
            if self._thread is None:
                self._thread = _start(self._host, self._port or self._last_port, self._port)
                self._last_port = urlsplit(self._thread.url).port or 0
            self._users += 1
        return self

    def release(self) -> None:
        """Remove a user. With the last one the server stops, and its port is closed."""
        with self._lock:
            self._users -= 1
            if self._users > 0:
                return
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def __enter__(self) -> SageMakerMetricsServer:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "not running" if self._thread is None else self._thread.url
        return f"<SageMakerMetricsServer: {state}>"

    def _running(self) -> ServerThread:
        if self._thread is None:
            raise RuntimeError(
                "the server is not running: use it within `with sm_metrics.serve() as server`, or "
                "ask for the fixture sm_metrics_server"
            )
        return self._thread

    def _after_fork(self) -> None:
        """Start anew in a forked child: the thread is the parent's, and so are its sockets."""
        if self._thread is not None:
            self._thread.release_descriptors()
        self._forget()


def _without_proxy(url: str) -> dict[str, str]:
    """Return what keeps requests to a URL from the proxy, where one is configured."""
    if not any(map(os.environ.get, _PROXIES)):
        return {}
    host = str(urlsplit(url).hostname)
    names = ("NO_PROXY", "no_proxy")
    given = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return dict.fromkeys(names, f"{given},{host}" if given else host)


def _start(host: str, port: int, other_port: int) -> ServerThread:
    """Return a server at a port, or at another one if that is taken."""
    try:
        from .thread import ServerThread
    except ModuleNotFoundError as error:
        if error.name != "aiohttp":
            raise
        raise ModuleNotFoundError(
            "the server of SageMaker Metrics needs aiohttp, which is not installed: "
            "pip install 'pytest-sm-metrics[server]'",
            name="aiohttp",
        ) from None
    try:
        return ServerThread.started(host, port)
    except OSError:
        if port == other_port:
            raise
        return ServerThread.started(host, other_port)


def _after_fork() -> None:
    for server in list(_servers):
        server._after_fork()


_servers: WeakSet[SageMakerMetricsServer] = WeakSet()

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)

shared = SageMakerMetricsServer()
"""The one server of all mocks of this process."""
