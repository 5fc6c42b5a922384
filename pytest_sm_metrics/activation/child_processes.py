"""Child processes: while a mock answers them, they find the server through the environment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack

from ..aws.configured import (
    hide_credentials,
    lacks_credentials,
    lacks_region,
    require_endpoints,
)
from ..aws.moto import remove_when_moto_stops
from ..server.server import CREDENTIALS, REGION, SageMakerMetricsServer, shared
from .forkservers import Forkservers


class Environment:
    """The environment of processes that are started, from its first user to the last."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew in a forked child: it may have a server, and lead its children there."""
        self._lock = threading.Lock()
        self._users = 0
        self._given: dict[str, str] = {}
        self._before: dict[str, str | None] = {}
        self._forkservers = Forkservers()

    def acquire(self, server: SageMakerMetricsServer) -> None:
        """Add what leads a child process to the server, if no other user has done so."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._given = _environment_of(server)
                self._before = {name: os.environ.get(name) for name in self._given}
                os.environ.update(self._given)
                self._forkservers.use(frozenset(self._given.items()))

    def release(self) -> None:
        """Restore the environment with the last user. What others have changed since stays."""
        with self._lock:
            if not self._users:
                return  # the user is one of the process that has forked this one
            self._users -= 1
            if self._users:
                return
            self._forkservers.restore(frozenset(self._given.items()))
            for name, value in self._before.items():
                if os.environ.get(name) != self._given[name]:
                    continue
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
            remove_when_moto_stops(CREDENTIALS)


def _environment_of(server: SageMakerMetricsServer) -> dict[str, str]:
    """Return the endpoint; a region and credentials only where a child would find none."""
    given = dict(server.env)
    if not lacks_region():
        for name in REGION:
            del given[name]
    if not lacks_credentials():
        for name in CREDENTIALS:
            del given[name]
    return given


_environment = Environment()

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_environment.forget)


def answer_child_processes() -> tuple[str, Callable[[], None]]:
    """Have child processes find the server. Return its URL, and a function that ends it.

    Raise a ModuleNotFoundError that names the setting and the extra if the server cannot run; a
    RuntimeError if botocore is too old to find it.
    """
    require_endpoints()
    with ExitStack() as stack:
        try:
            server = stack.enter_context(shared)
        except ModuleNotFoundError as error:
            message = f'the setting child_processes="answer" needs the server, and {error}'
            raise ModuleNotFoundError(message, name=error.name) from None
        stack.enter_context(hide_credentials(server.env["AWS_ACCESS_KEY_ID"]))
        _environment.acquire(server)
        stack.callback(_environment.release)
        return server.url, stack.pop_all().close
    raise AssertionError("unreachable")
