"""Sending: requests that are blocked are refused where botocore hands them to its HTTP session.

No event can do that: the first handler of `before-send` that answers wins, and a handler that
blocks cannot know whether a later one answers. So while calls are blocked, `send` of the HTTP
sessions is patched, here and nowhere else.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSHTTPSConnectionPool, AWSPreparedRequest

from ..hosts import is_loopback
from .active import active, sending
from .patches import bound
from .wire import body_of

BLOCKED = "pytest_sm_metrics: blocked"  # in the context of a request that is not to be sent

# The prepared request of older botocores has no context: `sending` keeps that of its request.
CONTEXT_IS_LOST = "context" not in inspect.signature(AWSPreparedRequest).parameters


_SESSIONS = (
    ("botocore.httpsession", "URLLib3Session"),
    ("aiobotocore.httpsession", "AIOHTTPSession"),
    ("aiobotocore.httpxsession", "HttpxSession"),
)


def patch_sending() -> None:
    """Patch the HTTP sessions that are imported and not patched yet."""
    for module_name, class_name in _SESSIONS:
        cls: Any = getattr(sys.modules.get(module_name), class_name, None)
        if cls is not None and not active.sending.has(cls, "send"):
            active.sending.wrap(cls, "send", _send)


def _send(original: Any) -> Any:
    def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        _refuse(*args, **kwargs)
        return bound(original, self)(*args, **kwargs)

    async def send_async(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        _refuse(*args, **kwargs)
        return await bound(original, self)(*args, **kwargs)

    return send_async if inspect.iscoroutinefunction(original) else send


def _refuse(request: Any = None, *_: Any, **__: Any) -> None:
    """Raise the error for a request that is about to leave the machine."""
    __tracebackhide__ = True
    refusal = None if request is None else refusal_of(request)
    if refusal is not None:
        raise refusal


def context_of(request: Any) -> dict[str, Any]:
    """Return botocore's context of a prepared request."""
    context: dict[str, Any] = sending.get().context or {} if CONTEXT_IS_LOST else request.context
    return context


def may_be_reached(url: str) -> bool:
    """Return True for loopback endpoints, and for hosts that the user allows."""
    host = urlsplit(url).hostname or ""
    return host in active.allowed_hosts or is_loopback(host)


def refusal_of(request: Any) -> Exception | None:
    """Return the error for a request that is about to leave the machine; None to let it go."""
    context = context_of(request)
    refuse, operation = context.pop(BLOCKED, (None, None))
    if refuse is None and active.refuse and not active.stack and _is_of_service(request.url):
        refuse, operation = active.refuse, urlsplit(request.url).path.rpartition("/")[2]
    return refuse(operation, body_of(request)) if refuse and not _is_played_back() else None


def _is_of_service(url: str) -> bool:
    """Return True for an endpoint of this service, whatever became of the request's context."""
    host = urlsplit(url).hostname or ""
    return host.startswith("metrics.sagemaker.") and not may_be_reached(url)


def _is_played_back() -> bool:
    """Return True if vcrpy answers from a cassette: it replaces the pool's connections."""
    return AWSHTTPSConnectionPool.ConnectionCls.__module__.startswith("vcr.")
