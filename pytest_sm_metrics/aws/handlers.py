"""Handlers of botocore's events: who answers a request, and what is blocked.

At `request-created`, before a request is signed, the innermost mock is noted in the request's
context. `choose-signer` then leaves the request unsigned, and `before-send` answers it. If no mock
is on but calls are blocked, the request is marked: `sending.py` refuses it when botocore would
send it, so any handler may answer first. The handlers stay in botocore; while no mock is on and
nothing is blocked, they do nothing.
"""

from __future__ import annotations

from typing import Any

import botocore

from ..current_test import current_test
from ..exceptions import UnmockedCallError
from ..service.operations import operation_named
from ..service.service import Service
from . import cloudtrail_calls, sagemaker_calls
from .active import active, sending
from .moto import moto_is_on
from .retries import set_retry_owner
from .sending import BLOCKED, CONTEXT_IS_LOST, context_of, may_be_reached, patch_sending
from .sessions import SERVICE
from .wire import body_of, forward, read_request, respond

NOTE = "pytest_sm_metrics"  # in the context of a request that a mock is to answer
_OWNER = "pytest_sm_metrics: owner"  # in the context of a request and of its retries


def _note(request: Any, operation_name: str, **_: Any) -> None:
    """Note who answers a request (`request-created`)."""
    context = request.context
    if CONTEXT_IS_LOST:
        sending.set(sending.get()._replace(context=context))
    for note in (NOTE, BLOCKED):
        context.pop(note, None)
    answered_before = context.pop(_OWNER, None)
    innermost = active.innermost
    if innermost is not None:
        context[NOTE] = innermost, request.url, f"/{operation_name}"
        context[_OWNER] = innermost
        return
    if may_be_reached(request.url):
        return
    if active.refuse is not None:
        patch_sending()
        context[BLOCKED] = active.refuse, operation_name
    elif answered_before and not moto_is_on():
        raise _refuse_retry(operation_name, body_of(request))


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


def _leave_unsigned(context: dict[str, Any], **_: Any) -> object:
    """Leave a request unsigned that a mock answers, or that is blocked (`choose-signer`)."""
    is_ours = NOTE in context or (BLOCKED in context and not moto_is_on())
    return botocore.UNSIGNED if is_ours else None


def _answer(request: Any, **_: Any) -> Any:
    """Answer a request from the mock that was noted (`before-send`)."""
    context = context_of(request)
    note = context.pop(NOTE, None)
    if note is None:
        return None
    record, created_url, operation_path = note
    set_retry_owner(record)  # adaptive mode waits within the same event
    url = request.url
    received = read_request(request, context, created_url, operation_path)
    if record.is_forked and record.forward_to:
        forward(request, received, record.forward_to)
        return None
    if moto_is_on():
        request.url = f"answered+{url}"  # moto's handler comes after this one, and goes by the URL
    is_async = type(context.get("client_config")).__module__.startswith("aiobotocore.")
    return respond(record.service, received, url, is_async)


def _before_retry(request_dict: dict[str, Any], **_: Any) -> None:
    """Say that the wait before a retry is for our request (`needs-retry`, before botocore's)."""
    set_retry_owner(request_dict.get("context", {}).get(_OWNER))


def _after_call(**_: Any) -> None:
    """Say that waits in this context are no longer for our request (`after-call`)."""
    set_retry_owner(None)


def _before_other_services(event_name: str, **_: Any) -> None:
    """Say that waits are not for our request while another service's is sent (`before-send`)."""
    if not event_name.startswith(f"before-send.{SERVICE}."):
        set_retry_owner(None)


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

LAST_HANDLERS: tuple[tuple[str, Any], ...] = (("before-send", _before_other_services),)
"""Events, and what handles them after all other handlers."""
