"""Interception by botocore's event hooks: who answers, and through which handlers.

At `request-created`, before a request is signed, the innermost mock is noted in the request's
context; `choose-signer` then leaves the request unsigned, and `before-send` has it answered. The
handlers stay in botocore after the first activation: while nobody is on, no request is noted, and
they do nothing.
"""

from __future__ import annotations

import gc
import inspect
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import botocore
from botocore.awsrequest import AWSPreparedRequest
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST
from botocore.hooks import HierarchicalEmitter

from ..service.exchange import Answer, Request
from . import sessions
from .wire import Response, read_request

# Where the prepared request of an older botocore has no context, that of the request it was made from is kept here.
_CONTEXT_IS_LOST = "context" not in inspect.signature(AWSPreparedRequest).parameters
_lost_context: ContextVar[dict[str, Any]] = ContextVar("the context of the request that is being sent")

_NOTE = "pytest_sm_metrics"  # in the context of a request that is ours to answer


@dataclass
class _Activation:
    owner: object
    answer: Callable[[Request], Answer]
    default_session: Any
    """boto3's default session when it was switched on."""


_lock = threading.RLock()
_active: list[_Activation] = []
_registered = False


def switch_on(owner: object, answer: Callable[[Request], Answer]) -> None:
    """From now on the owner answers, until it is switched off or another is switched on inside it."""
    with _lock:
        _register_once()
        sessions.relieve(_reach)
        _active.append(_Activation(owner, answer, sessions.default_session()))


def switch_off(owner: object) -> None:
    """The owner answers no more, wherever it stands among those that are on; nothing happens if it is off."""
    with _lock:
        index = next((index for index, activation in enumerate(_active) if activation.owner is owner), None)
        if index is None:
            return
        activation = _active.pop(index)
        for later in _active[index:]:
            later.default_session = activation.default_session
        sessions.restore_default_session(activation.default_session)
        if not _active:
            sessions.restore()


def innermost() -> object | None:
    """The owner that answers now; None while nobody is on."""
    with _lock:
        return _active[-1].owner if _active else None


def _note(request: Any, operation_name: str, **_: Any) -> None:
    if _CONTEXT_IS_LOST:
        _lost_context.set(request.context)
    request.context.pop(_NOTE, None)
    for innermost in _active[-1:]:
        request.context[_NOTE] = innermost.answer, request.url, f"/{operation_name}"


def _leave_unsigned(context: dict[str, Any], **_: Any) -> object:
    return botocore.UNSIGNED if _NOTE in context else None


def _answer(request: Any, **_: Any) -> Response | None:
    context = _lost_context.get({}) if _CONTEXT_IS_LOST else request.context
    note = context.pop(_NOTE, None)
    if note is None:
        return None
    answer, created_url, operation_path = note
    url = request.url
    response = Response(url, answer(read_request(request, context, created_url, operation_path)))
    if _moto_listens():
        request.url = f"answered+{url}"  # moto's handler comes after this one, and goes by the URL alone
    return response


def _moto_listens() -> bool:
    moto = sys.modules.get("moto.core.models")
    return moto is not None and getattr(getattr(moto, "botocore_stubber", None), "enabled", True)


_HANDLERS: tuple[tuple[str, Any], ...] = (
    ("request-created.sagemaker-metrics", _note),
    ("choose-signer.sagemaker-metrics", _leave_unsigned),
    ("before-send.sagemaker-metrics", _answer),
)


def _register_once() -> None:
    """Put the handlers where every session made later finds them, and into every emitter made earlier."""
    global _registered
    if _registered:
        return
    emitters = _emitters()
    builtin_handlers: list[Any] = BUILTIN_HANDLERS
    builtin_handlers.extend((event, handler, REGISTER_FIRST) for event, handler in _HANDLERS)
    for emitter in emitters:
        _register(emitter)
    _registered = True


def _register(emitter: Any) -> None:
    for event, handler in _HANDLERS:
        emitter.register_first(event, handler)


def _reach(emitter: Any) -> None:
    """Register with the emitter of a session that was made without botocore's own handlers."""
    signer = {"signing_name": "sagemaker", "region_name": "", "signature_version": "v4"}
    _, answer = emitter.emit_until_response("choose-signer.sagemaker-metrics", context={_NOTE: None}, **signer)
    if answer is not botocore.UNSIGNED:
        _register(emitter)


def _emitters() -> list[HierarchicalEmitter]:
    # Frozen objects are in no generation that get_objects() looks at, and a test run that froze its collected modules
    # has module-level clients there, and all of botocore with them; a few hundred objects the interpreter itself froze.
    frozen = gc.get_freeze_count() > 5_000
    if frozen:
        gc.unfreeze()
    try:
        return [candidate for candidate in gc.get_objects() if issubclass(type(candidate), HierarchicalEmitter)]
    finally:
        if frozen:
            gc.freeze()
