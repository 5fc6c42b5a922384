"""Between botocore's HTTP objects and the service's request and answer."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from ..clock import now
from ..service.exchange import Answer, Request

_REGION_IN_HOST = re.compile(r"(?:^|\.)metrics(?:-fips)?\.sagemaker(?:-fips)?\.([a-z0-9-]+)\.")


def read_request(request: AWSPreparedRequest, base_path: str) -> Request:
    """The request as the service sees it. `base_path` is the path of the client's endpoint URL."""
    url = urlsplit(request.url)
    headers = request.headers
    invocation_id = _text(headers.get("amz-sdk-invocation-id"))
    return Request(
        method=request.method,
        path=url.path.removeprefix(base_path),
        body=_bytes(request.body),
        region=request.context.get("client_region") or _region_of(url.hostname or ""),
        user_agent=_text(headers.get("User-Agent")) or "",
        invocation_id=invocation_id,
        attempt=_attempt(_text(headers.get("amz-sdk-request"))),
        time=now(),
    )


def _text(header: Any) -> str | None:
    return header.decode("utf-8", "replace") if isinstance(header, bytes) else header


def _attempt(header: str | None) -> int:
    """The n of `attempt=n` in `attempt=n; max=m`; 1 where nothing says."""
    found = re.search(r"attempt=(\d{1,9})", header or "")
    return int(found[1]) if found else 1


def _region_of(host: str) -> str:
    found = _REGION_IN_HOST.search(host)
    return found[1] if found else "us-east-1"


def _bytes(body: Any) -> bytes:
    if type(body) is bytes:
        return body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if hasattr(body, "read"):
        return _bytes(body.read())
    return bytes(body)


class _Content(bytes):
    """Bytes that may also be awaited: botocore takes the content of a response as it is, aiobotocore awaits it."""

    def __await__(self) -> Generator[None, None, bytes]:
        return self
        yield


class _RawBody(io.BytesIO):
    """The body as a stream, as urllib3's and (with `raw_headers`) as aiohttp's response has it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self._headers = answer.headers

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        return [(name.encode(), value.encode()) for name, value in self._headers.items()]

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class Response(AWSResponse):
    """The answer as botocore and aiobotocore expect it from their HTTP session."""

    def __init__(self, url: str, answer: Answer) -> None:
        super().__init__(url, answer.status, answer.headers, _RawBody(answer))
        self._answered = _Content(answer.body)

    @property
    def content(self) -> bytes:
        """The whole body."""
        return self._answered
