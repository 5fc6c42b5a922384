"""multiprocessing's forkserver, whose children have the environment of its start.

A forkserver that was started before a mock does not know the way to it. So while a mock answers
child processes, multiprocessing uses another one. Both run on afterwards, for the pools that they
have started, and end with this process.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import Any

State = dict[str, Any]


class Forkservers:
    """The forkservers of this process: one of the time without a mock, and one per environment."""

    def __init__(self) -> None:
        self._without: State = {}
        self._by_environment: dict[Hashable, State] = {}

    def use(self, environment: Hashable) -> None:
        """Have multiprocessing use the forkserver of an environment, or start one when needed."""
        self._without = _replace(self._by_environment.get(environment, {}))

    def restore(self, environment: Hashable) -> None:
        """Have multiprocessing use the forkserver from before `use`."""
        self._by_environment[environment] = _replace(self._without)
        self._without = {}


def _replace(new: State) -> State:
    """Replace the state of multiprocessing's forkserver. Return the old one; empty for none."""
    forkserver: Any = getattr(sys.modules.get("multiprocessing.forkserver"), "_forkserver", None)
    if forkserver is None:
        return {}
    with forkserver._lock:
        attributes = vars(forkserver)
        old = {name: one for name, one in attributes.items() if name.startswith("_forkserver_")}
        attributes.update({name: new.get(name) for name in old})
    return old
