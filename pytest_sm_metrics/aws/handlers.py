"""Handlers of botocore's events: who answers a request, and what is blocked.

At `request-created`, before a request is signed, the innermost mock is noted in the request's
context. `choose-signer` then leaves the request unsigned, and `before-send` answers it. If no mock
is on but calls are blocked, the last handler of all answers with an object that raises, so that
any handler that answered before it wins. The handlers stay in botocore; while no mock is on and
nothing is blocked, they do nothing.
"""

from __future__ import annotations

import inspect
import ipaddress
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import botocore
from botocore.awsrequest import AWSPreparedRequest

from ..current_test import current_test
from ..exceptions import UnmockedCallError
from ..service.operations import operation_named
from ..service.service import Service
from . import cloudtrail_calls, sagemaker_calls
from .active import active, sending
from .retries import set_retry_owner
from .sessions import SERVICE
from .wire import body_of, read_request, respond

NOTE = "pytest_sm_metrics"  # in the context of a request that a mock is to answer
_OWNER = "pytest_sm_metrics: owner"  # in the context of a request and of its retries
_BLOCKED = "pytest_sm_metrics: blocked"  # in the context of a request that is not to be sent

# The prepared request of older botocores has no context: `sending` keeps that of its request.
CONTEXT_IS_LOST = "context" not in inspect.signature(AWSPreparedRequest).parameters


def _note(request: Any, operation_name: str, **_: Any) -> None:
    """Note who answers a request (`request-created`)."""
    context = request.context
    if CONTEXT_IS_LOST:
        sending.set(sending.get()._replace(context=context))
    for note in (NOTE, _BLOCKED):
        context.pop(note, None)
    answered_before = context.pop(_OWNER, None)
    innermost = active.innermost
    if innermost is not None:
        context[NOTE] = innermost, request.url, f"/{operation_name}"
        context[_OWNER] = innermost
        return
    refuse = active.refuse or (_refuse_retry if answered_before else None)
    if refuse is not None and not _is_loopback(request.url):
        context[_BLOCKED] = refuse, operation_name


def _refuse_retry(operation_name: str, body: bytes) -> Exception:
    operation = operation_named(operation_name)
    return UnmockedCallError(
        f"{operation_name} was tried again when the mock of SageMaker Metrics that had answered it "
        "was off. It did not reach AWS. End threads and tasks that log within the test, or wait "
        "for what they send: sm_metrics.wait_for(...).",
        operation_name,
        operation.trial_component(body, None) if operation else None,
        current_test.name,
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _leave_unsigned(context: dict[str, Any], **_: Any) -> object:
    """Leave a request unsigned that a mock answers, or that is blocked (`choose-signer`)."""
    is_ours = NOTE in context or (_BLOCKED in context and not moto_is_on())
    return botocore.UNSIGNED if is_ours else None


def _answer(request: Any, **_: Any) -> Any:
    """Answer a request from the mock that was noted (`before-send`)."""
    context = _context_of(request)
    note = context.pop(NOTE, None)
    if note is None:
        return None
    record, created_url, operation_path = note
    set_retry_owner(record)  # adaptive mode waits within the same event
    url = request.url
    answer = record.service.answer(read_request(request, context, created_url, operation_path))
    if moto_is_on():
        request.url = f"answered+{url}"  # moto's handler comes after this one, and goes by the URL
    is_async = type(context.get("client_config")).__module__.startswith("aiobotocore.")
    return respond(answer, url, is_async)


def _context_of(request: Any) -> dict[str, Any]:
    context: dict[str, Any] = sending.get().context or {} if CONTEXT_IS_LOST else request.context
    return context


def _before_retry(request_dict: dict[str, Any], **_: Any) -> None:
    """Say that the wait before a retry is for our request (`needs-retry`, before botocore's own)."""
    set_retry_owner(request_dict.get("context", {}).get(_OWNER))


def _after_call(**_: Any) -> None:
    """Say that waits in this context are no longer for our request (`after-call`)."""
    set_retry_owner(None)


class _Blocked:
    """A response that raises as soon as botocore looks at it: nobody else has answered."""

    def __init__(self, refuse: Callable[[], Exception]) -> None:
        self._refuse = refuse

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        raise self._refuse()


def _block(request: Any, event_name: str, **_: Any) -> _Blocked | None:
    """Block a request that was noted (`before-send`, after all other handlers)."""
    if not event_name.startswith(f"before-send.{SERVICE}."):
        set_retry_owner(None)  # a request to another service, from within a handler of ours
        return None
    note = _context_of(request).pop(_BLOCKED, None)
    if note is None:
        return None
    refuse, operation = note
    return _Blocked(lambda: refuse(operation, body_of(request)))


def moto_is_on() -> bool:
    """Return True if moto's handler would answer requests."""
    moto = sys.modules.get("moto.core.models")
    stubber = getattr(moto, "botocore_stubber", None)
    return moto is not None and bool(getattr(stubber, "enabled", True))


def _service() -> Service | None:
    innermost = active.innermost
    return innermost.service if innermost else None


def _trails() -> cloudtrail_calls.TrailListener | None:
    innermost = active.innermost
    return innermost.trails if innermost else None


FIRST_HANDLERS: tuple[tuple[str, Any], ...] = (
    (f"request-created.{SERVICE}", _note),
    (f"choose-signer.{SERVICE}", _leave_unsigned),
    (f"before-send.{SERVICE}", _answer),
    (f"needs-retry.{SERVICE}", _before_retry),
    (f"after-call.{SERVICE}", _after_call),
    (f"after-call-error.{SERVICE}", _after_call),
    *sagemaker_calls.handlers(_service),
    *cloudtrail_calls.handlers(_trails),
)
"""Events, and what handles them before all other handlers."""

LAST_HANDLERS: tuple[tuple[str, Any], ...] = (("before-send", _block),)
"""Events, and what handles them after all other handlers."""
