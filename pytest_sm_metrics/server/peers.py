"""Clients that are child processes: which one holds the other end of a connection (on Linux)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_MOST_PROCESSES = 1_000
_MOST_CONNECTIONS = 10_000  # lines that are read of a table
_MOST_FILES = 10_000  # open files of all processes together
_INODE = 9  # the column of a table that has the number of the socket


def process_of_client(client_port: int, server_port: int) -> int:
    """Return the descendant of this process that holds the client's end of a connection.

    Return 0 if there is none, or if the system does not say. This reads files of /proc, and asks
    no process. If several hold it, because they are forks, the parent is returned.
    """
    try:
        processes = _family()
        socket = _socket(client_port, server_port) if len(processes) > 1 else ""
    except OSError:
        return 0
    if not socket:
        return 0
    files = ((process, file) for process in processes for file in _open_files(process))
    for process, file in islice(files, _MOST_FILES):
        if file == socket:
            return 0 if process == processes[0] else process
    return 0


def _family() -> list[int]:
    """Return this process and its descendants, parents before their children."""
    processes = [os.getpid()]
    for process in processes:
        if len(processes) < _MOST_PROCESSES:
            processes += _children(process)
    return processes


def _children(process: int) -> Iterator[int]:
    folder = f"/proc/{process}/task"
    with suppress(OSError):  # the process may have ended, or one of its threads
        for thread in os.listdir(folder):
            with suppress(OSError), open(f"{folder}/{thread}/children", "rb") as children:
                yield from map(int, children.read().split())


def _socket(client_port: int, server_port: int) -> str:
    """Return the client's socket as links of open files name it; empty if it is not listed."""
    ports = re.compile(b":%04X [0-9A-F]+:%04X " % (client_port, server_port))
    for table in _TABLES:
        with open(table, "rb") as connections:
            for line in islice(connections, _MOST_CONNECTIONS):
                if ports.search(line):
                    return f"socket:[{int(line.split()[_INODE])}]"
    return ""


def _open_files(process: int) -> Iterator[str]:
    folder = f"/proc/{process}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return  # the process has ended, or is another user's
    for name in names:
        with suppress(OSError):  # it may have been closed
            yield os.readlink(f"{folder}/{name}")
