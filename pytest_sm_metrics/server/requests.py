"""Requests: from the bytes of a connection to the service's request."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import web

from ..clock import now
from ..hosts import is_loopback
from ..service.exchange import PROCESS_HEADER, REGION_HEADER, Request
from . import connections

MOST_BYTES = 1024 * 1024
"""The size of the largest body that is read."""

MOST_PENDING = 4 * 1024 * 1024
"""The size of all incomplete bodies together."""

_DEFAULT_REGION = "us-east-1"
_CREDENTIAL = re.compile(r"Credential=([^/\s,]+)/\d+/([\w-]+)/")
_PROCESS = re.compile(r"[0-9]{1,9}")
_ATTEMPT = re.compile(r"\battempt=(\d{1,9})\b")


class RefusedError(Exception):
    """A request that does not reach the service."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def check_host(headers: Mapping[str, str]) -> None:
    """Raise RefusedError for a request that a page of another site has made.

    A site may point its own host name to this machine; `Host` is then that name. A page that sends
    a request to another site says where it comes from, in `Origin`.
    """
    origin = headers.get("Origin")
    hosts = [f"//{headers.get('Host', 'localhost')}"] + ([] if origin is None else [origin])
    for host in hosts:
        if not _is_of_this_machine(host):
            message = (
                f"{host.removeprefix('//')!r} is refused: this server answers for localhost and "
                "loopback addresses. To serve other machines: python -m pytest_sm_metrics serve "
                "--host 0.0.0.0"
            )
            raise RefusedError(403, "AccessDeniedException", message)


@lru_cache(maxsize=64)
def _is_of_this_machine(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


class Bodies:
    """The bodies of requests, and a bound of those that are on their way."""

    def __init__(self) -> None:
        self._pending = 0
        """The number of bytes that have arrived of bodies that are not complete."""

    async def read(self, request: web.BaseRequest) -> bytes:
        """Return a body; raise RefusedError if it is too large, too slow or malformed."""
        if (request.content_length or 0) > MOST_BYTES:
            raise _too_large()
        if request.content.is_eof():
            body = request.content.read_nowait()
        else:
            body = await self._read_slowly(request)
        if len(body) > MOST_BYTES:
            raise _too_large()
        return body

    async def _read_slowly(self, request: web.BaseRequest) -> bytes:
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            return await asyncio.wait_for(self._read_all(request), connections.IDLE)
        except asyncio.TimeoutError:
            message = f"The body did not arrive within {connections.IDLE:g} seconds"
            raise RefusedError(408, "RequestTimeoutException", message) from None
        except (web.RequestPayloadError, ConnectionError) as error:
            message = f"The body is malformed: {error}"
            raise RefusedError(400, "MalformedHttpRequestException", message) from None

    async def _read_all(self, request: web.BaseRequest) -> bytes:
        """Return a body, or the beginning of one that is too large."""
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in request.content.iter_any():
                chunks.append(chunk)
                size += len(chunk)
                self._pending += len(chunk)
                if size > MOST_BYTES:
                    break
                if self._pending > MOST_PENDING:
                    message = "Too many requests are on their way"
                    raise RefusedError(503, "ServiceUnavailable", message)
            return b"".join(chunks)
        finally:
            self._pending -= size
            chunks.clear()  # a traceback may keep this frame for a while


def _too_large() -> RefusedError:
    message = f"The body has more than {MOST_BYTES} bytes"
    return RefusedError(413, "RequestEntityTooLargeException", message)


def read_request(request: web.BaseRequest, body: bytes) -> Request:
    """Return the service's request."""
    headers = request.headers
    credential = _CREDENTIAL.search(headers.get("Authorization", ""))
    access_key, region = credential.groups() if credential else ("", _DEFAULT_REGION)
    attempt = _ATTEMPT.search(headers.get("amz-sdk-request", ""))
    return Request(
        request.method,
        request.path,
        body,
        sys.intern(headers.get(REGION_HEADER, region)),
        sys.intern(headers.get("User-Agent", "")),
        headers.get("amz-sdk-invocation-id"),
        int(attempt[1]) if attempt else 1,
        now(),
        host=sys.intern(headers.get("Host", "")),
        process_id=_process_of(request),
        access_key=sys.intern(access_key),
    )


def _process_of(request: web.BaseRequest) -> int:
    """Return the process that made a request; 0 if it is not known."""
    forked = request.headers.get(PROCESS_HEADER, "")
    if _PROCESS.fullmatch(forked):
        return int(forked)
    connection, transport = request.protocol, request.transport
    if isinstance(connection, connections.Connection) and transport is not None:
        return connection.client_process(transport)
    return 0  # the client has left
