"""The cost of requests with 10 metrics to two servers, that of this mock and moto's.

The load comes from another process. It has 32 connections, each of which sends its next request
when it has its answer. moto's server closes each connection after its answer, this server keeps it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pyperf
from training import RUN, metrics, new_client

CONNECTIONS = 32
_DIFFERENT_REQUESTS = 200
_UNTIMED_REQUESTS = 10 * CONNECTIONS


def main() -> None:
    runner = pyperf.Runner(values=1, warmups=0, processes=10, loops=1)
    for name, server, count in (
        ("this server", this_server, 10_000),
        ("moto's server", motos_server, 1_000),
    ):
        runner.bench_time_func(f"request: {name}", _seconds, server, count, inner_loops=count)
        runner.bench_time_func(f"request: {name}, 99th percentile", _percentile, server, count)
        runner.bench_time_func(f"request: {name}, CPU of the server", _cpu, server, count)


def _seconds(loops: int, server: Serving, count: int) -> float:
    with server() as serving:
        seconds, _ = asyncio.run(_load(serving.url, loops * count))
        return seconds


def _percentile(loops: int, server: Serving, count: int) -> float:
    with server() as serving:
        _, latencies = asyncio.run(_load(serving.url, count))
        return loops * quantiles(latencies, n=100)[-1]


def _cpu(loops: int, server: Serving, count: int) -> float:
    with server() as serving:
        before = serving.cpu
        asyncio.run(_load(serving.url, count))
        return loops * (serving.cpu - before) / (count + _UNTIMED_REQUESTS)


class Server(NamedTuple):
    """A server in a process."""

    url: str
    process_id: int

    @property
    def cpu(self) -> float:
        """The seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


Serving = Callable[[], AbstractContextManager[Server]]
"""Runs a server while a block runs."""


@contextmanager
def this_server() -> Iterator[Server]:
    """Run the server of this mock in a process."""
    command = [sys.executable, "-m", "pytest_sm_metrics", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Server(process.stdout.readline().strip(), process.pid)
        finally:
            process.terminate()


@contextmanager
def motos_server() -> Iterator[Server]:
    """Run moto's server in a process. It knows the trial component."""
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_serve_moto, args=(sending,), daemon=True)
    process.start()
    try:
        server = Server(receiving.recv(), process.pid or 0)
        new_client("sagemaker", server.url).create_trial_component(TrialComponentName=RUN)
        yield server
    finally:
        process.terminate()
        process.join()


def _serve_moto(url: Any) -> None:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url.send("http://{}:{}".format(*server.get_host_and_port()))
    while True:
        time.sleep(60)


async def _load(url: str, count: int) -> tuple[float, list[float]]:
    """Send requests; return the seconds that all took, and the latency of each."""
    requests = _requests(url)
    await _send_all(url, requests, _UNTIMED_REQUESTS)
    start = time.perf_counter()
    latencies = await _send_all(url, requests, count)
    return time.perf_counter() - start, latencies


async def _send_all(url: str, requests: list[bytes], count: int) -> list[float]:
    latencies: list[float] = []
    remaining = iter(range(count))

    async def send_some() -> None:
        connection = await _connect(url)
        for number in remaining:
            start = time.perf_counter()
            if connection.is_closed:
                connection = await _connect(url)
            await connection.send(requests[number % len(requests)])
            latencies.append(time.perf_counter() - start)
        connection.close()

    await asyncio.gather(*(send_some() for _ in range(CONNECTIONS)))
    return latencies


async def _connect(url: str) -> _Connection:
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, address.hostname, address.port)
    return connection


class _Connection(asyncio.Protocol):
    """A connection of HTTP/1.1, kept until the server closes it."""

    is_closed = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def send(self, request: bytes) -> None:
        """Send a request; return when the answer is complete."""
        self._received = b""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        if not body or len(body) < _content_length(head):
            return
        assert b" 200 OK\r\n" in head, head
        assert json.loads(body) == {"Errors": []}
        if b"connection: close" in head.lower():
            self.close()
        self._answered.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        if not self._answered.done():
            self._answered.set_exception(error or EOFError("the server closed a connection"))

    def close(self) -> None:
        self.is_closed = True
        self._transport.close()


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])


def _requests(url: str) -> list[bytes]:
    """Return requests as botocore sends them, signed, with ten metrics each."""
    made: list[bytes] = []

    def keep(request: Any, **_: Any) -> None:
        headers = {"Host": urlsplit(url).netloc, **request.headers}
        lines = [f"{name}: {_text(value)}\r\n" for name, value in headers.items()]
        head = f"PUT /BatchPutMetrics HTTP/1.1\r\n{''.join(lines)}\r\n"
        made.append(head.encode() + request.body)
        raise _KeptError

    client = new_client(url=url)
    client.meta.events.register("before-send", keep)
    for step in range(_DIFFERENT_REQUESTS):
        with suppress(_KeptError):
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(step))
    return made


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value


class _KeptError(Exception):
    """Ends a call whose request is kept."""


if __name__ == "__main__":
    main()
