"""The speed of two servers under the same load: that of this mock, and moto's."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from resource import getpagesize
from statistics import quantiles
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from calling import RUN, metrics, new_client

CONNECTIONS = 32
_DIFFERENT_REQUESTS = 200
_UNTIMED_REQUESTS = 10 * CONNECTIONS


class Server(NamedTuple):
    """A server in a process."""

    url: str
    process_id: int

    @property
    def resident(self) -> int:
        """The resident memory of the process, in bytes."""
        pages = Path(f"/proc/{self.process_id}/statm").read_text().split()[1]
        return int(pages) * getpagesize()

    @property
    def cpu(self) -> float:
        """The seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def reset(self) -> None:
        """Remove what the server of this mock stores."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc)
        connection.request("POST", "/_sm_metrics/reset")
        assert connection.getresponse().status == 204
        connection.close()


class Load(NamedTuple):
    """The measurements of the clients of a server."""

    rate: float
    """Requests a second."""
    p99: float
    """The 99th percentile of the latency, in milliseconds."""


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


class Round(NamedTuple):
    """The measurements of one round of requests."""

    rate: float
    """Requests a second."""
    p99: float
    """The 99th percentile of the latency, in milliseconds."""
    cpu: float
    """The CPU of the server, in microseconds a request."""


def measure(server: Server, count: int) -> Round:
    """Load a server from another process."""
    before = server.cpu
    with get_context("spawn").Pool(1) as pool:
        loaded = pool.apply(load, (server.url, count))
    cpu = (server.cpu - before) / (count + _UNTIMED_REQUESTS)
    return Round(loaded.rate, loaded.p99, cpu * 1e6)


def load(url: str, count: int) -> Load:
    """Send requests through many connections, each of which waits for its answers."""
    return asyncio.run(_load(url, count))


async def _load(url: str, count: int) -> Load:
    requests = _requests(url)
    await _send_all(url, requests, _UNTIMED_REQUESTS)
    start = time.perf_counter()
    latencies = await _send_all(url, requests, count)
    rate = count / (time.perf_counter() - start)
    return Load(rate, quantiles(latencies, n=100)[-1] * 1e3)


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
