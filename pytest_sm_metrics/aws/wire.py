"""The wire: botocore's HTTP objects, and the service's request and answer."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.awsrequest import AWSResponse

from ..clock import now
from ..service.exchange import PROCESS_HEADER, REGION_HEADER, Answer, HeldCall, NoAnswer, Request
from ..service.faults.kinds import exception_of
from ..service.service import Service
from .sessions import DEFAULT_REGION


def read_request(
    request: Any, context: dict[str, Any], created_url: str, operation_path: str
) -> Request:
    """Return botocore's AWSPreparedRequest as the service's request.

    `created_url` is the URL with which botocore made it: the client's endpoint, then the path of
    the operation.
    """
    path = operation_path
    if request.url != created_url or not created_url.endswith(operation_path):
        path = _path(request.url, created_url, operation_path)
    retries = context.get("retries") or {}
    return Request(
        request.method,
        path,
        body_of(request),
        context.get("client_region", DEFAULT_REGION),
        _text(request.headers.get("User-Agent", "")),
        retries.get("invocation-id"),
        retries.get("attempt", 1),
        now(),
        getattr(context.get("client_config"), "read_timeout", None),
        sys.intern(created_url.split("/", 3)[2]),
        threading.current_thread().name,
    )


def forward(request: Any, received: Request, url: str) -> None:
    """Have botocore send a request of a forked child to the server of its parent."""
    request.url = url + received.path
    request.headers[REGION_HEADER] = received.region
    request.headers[PROCESS_HEADER] = str(os.getpid())


def error_of(no_answer: NoAnswer, url: str) -> Exception:
    """Return the exception that the client gets in place of an answer."""
    error = no_answer.error
    if isinstance(error, str):
        error = getattr(exceptions, error)
    return exception_of(error, url)


def _path(url: str, created_url: str, operation_path: str) -> str:
    """Return the path after the endpoint's own base path, of a request whose URL was changed."""
    base_path = urlsplit(created_url).path.removesuffix(operation_path)
    return urlsplit(url).path.removeprefix(base_path)


def _text(header: bytes | str) -> str:
    text = header.decode("utf-8", "replace") if isinstance(header, bytes) else header
    return sys.intern(text)  # the same from call to call


def body_of(request: Any) -> bytes:
    """Return the body as bytes, whatever type a handler has given it."""
    body = request.body
    if type(body) is bytes:
        return body
    if hasattr(body, "read"):
        body = body.read()
    if body is None:
        return b""
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    try:
        return b"".join(body)
    except TypeError:
        return str(body).encode()


class _Content(bytes):
    """Bytes that can be awaited: aiobotocore awaits the content of a response."""

    def __await__(self) -> Generator[None, None, bytes]:
        return self
        yield


class _RawBody(io.BytesIO):
    """The body as a stream, as a response of urllib3, or (`raw_headers`) of aiohttp, has it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self._headers = answer.headers

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        return [(name.encode(), value.encode()) for name, value in self._headers.items()]

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class Response(AWSResponse):
    """The answer as botocore and aiobotocore expect it from their HTTP session.

    `make` answers the request when the response is read: a response that another handler's
    response goes before is never read, and its request does nothing.
    """

    def __init__(self, url: str, make: Callable[[], Answer]) -> None:
        self.url = url
        self._make = make

    def __getattr__(self, name: str) -> Any:
        if name not in ("status_code", "headers", "raw", "_whole"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        answer = self._make()
        headers: Any = answer.headers
        super().__init__(self.url, answer.status, headers, _RawBody(answer))
        self._whole = _Content(answer.body)
        return vars(self)[name]

    @property
    def content(self) -> bytes:
        """The whole body."""
        whole: bytes = self._whole
        return whole


def respond(
    service: Service, request: Request, url: str, is_async: bool
) -> Response | Awaitable[Response]:
    """Return the response to a request; for an async client and a held call, an awaitable of it.

    Raise the exception that a client gets that has no answer. Only a fault leaves a request without
    an answer, or holds it: without faults, the service answers when the response is read.
    """
    if not service.injection.in_force:
        make: Any = partial(service.answer, request)
        return Response(url, make)
    answer = service.answer(request)
    if isinstance(answer, HeldCall):
        return _await(answer, url) if is_async else _wait(answer, url)
    return _response(answer, url)


def _wait(held: HeldCall, url: str) -> Response:
    with _abandoned_on_error(held):
        return _response(held.result(), url)


async def _await(held: HeldCall, url: str) -> Response:
    with _abandoned_on_error(held):
        return _response(await asyncio.wrap_future(held), url)


@contextmanager
def _abandoned_on_error(held: HeldCall) -> Generator[None]:
    """Abandon a held call whose caller is cancelled, timed out, or interrupted by the keyboard."""
    try:
        yield
    except BaseException as error:
        held.abandon(error)
        raise


def _response(answer: Answer | NoAnswer, url: str) -> Response:
    if isinstance(answer, NoAnswer):
        raise error_of(answer, url)
    return Response(url, lambda: answer)
