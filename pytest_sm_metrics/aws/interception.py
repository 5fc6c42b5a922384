"""Interception by botocore's event hooks: who answers, what is blocked, and through which handlers.

At `request-created`, before a request is signed, the innermost mock is noted in the request's
context; `choose-signer` then leaves the request unsigned, and `before-send` has it answered. Where no
mock is on but calls are blocked, the last handler of all answers with an object that raises: whoever
answered before it wins. The handlers stay in botocore after the first activation: while nobody is on
and nothing is blocked, no request is noted, and they do nothing.
"""

from __future__ import annotations

import gc
import inspect
import ipaddress
import os
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import botocore
from botocore.awsrequest import AWSPreparedRequest
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
from botocore.hooks import HierarchicalEmitter

from .. import running
from ..service.operations import operation_named
from ..service.service import Service
from ..unmocked import UnmockedCallError
from . import backoff, control_plane, sessions, trail_calls
from .answering import respond
from .wire import body_of, read_request

# Where the prepared request of an older botocore has no context, that of the request it was made from is kept here.
_CONTEXT_IS_LOST = "context" not in inspect.signature(AWSPreparedRequest).parameters
_lost_context: ContextVar[dict[str, Any]] = ContextVar(
    "the context of the request that is being sent"
)

_NOTE = "pytest_sm_metrics"  # in the context of a request that is ours to answer
_ANSWERED = (
    "pytest_sm_metrics: answered"  # in the context of a request, its retries too: who answers
)
_BLOCKED = (
    "pytest_sm_metrics: blocked"  # in the context of a request that is not to leave the machine
)

Refuse = Callable[[str, bytes], Exception]
"""From the operation and the body of a blocked call to the error that it raises."""


@dataclass
class _Activation:
    owner: Any
    answerer: Service
    width: int
    """How wide a scope it is shared by; 0: it belongs where it was switched on."""
    default_session: Any
    """boto3's default session when it was switched on."""
    under_moto: bool
    """Whether moto listened then: its default session has made-up credentials, and the one from before is moto's to put back."""


_lock = threading.RLock()
_active: list[_Activation] = []
_refuse: Refuse | None = None
_registered = False


def switch_on(owner: object, answerer: Service, width: int = 0) -> None:
    """From now on the answerer answers, until its owner is switched off or another is switched on inside it.

    One of some width goes outside those of a smaller width: what is shared by many tests may be asked for late.
    """
    with _lock:
        _register_once()
        sessions.relieve(_reach)
        if not _active:
            sessions.forget_sessions()
        activation = _Activation(
            owner, answerer, width, sessions.default_session(), _moto_listens()
        )
        narrower = (index for index, other in enumerate(_active) if 0 < other.width < width)
        index = next(narrower, len(_active))
        for other in _active[index : index + 1]:
            activation.default_session, activation.under_moto = (
                other.default_session,
                other.under_moto,
            )
        _active.insert(index, activation)


def switch_off(owner: object) -> bool:
    """The owner answers no more, wherever it stands among those that are on; whether it was on."""
    with _lock:
        index = next(
            (index for index, activation in enumerate(_active) if activation.owner is owner), None
        )
        if index is None:
            return False
        activation = _active.pop(index)
        for later in _active[index:]:
            later.default_session, later.under_moto = (
                activation.default_session,
                activation.under_moto,
            )
        backoff.give_back(activation.answerer)
        _lost_context.set({})
        sessions.replace_default_session(
            activation.default_session if activation.under_moto == _moto_listens() else None
        )
        _restore_sessions()
        return True


def block(refuse: Refuse | None) -> Callable[[], None]:
    """From now on calls outside a mock raise what `refuse` makes of them; None: they go where they go. Gives back what undoes it.

    What never leaves the machine passes: what a Stubber, moto or another handler answers, and loopback endpoints.
    """
    before = _refuse
    _set_refuse(refuse)
    return lambda: _set_refuse(before)


def _set_refuse(refuse: Refuse | None) -> None:
    global _refuse
    with _lock:
        _refuse = refuse
        if refuse is not None:
            _register_once()
            sessions.relieve(_reach)
        _restore_sessions()


def _restore_sessions() -> None:
    if not _active:
        backoff.restore()
        if _refuse is None:
            sessions.restore()


def give_back() -> None:
    """Clients get back what requests of the mocks that are on took from their quotas of retries."""
    with _lock:
        for activation in _active:
            backoff.give_back(activation.answerer)


def owners() -> list[Any]:
    """Those that are on, the innermost last."""
    with _lock:
        return [activation.owner for activation in _active]


def _innermost() -> Service | None:
    for activation in _active[-1:]:
        return activation.answerer
    return None


def _innermost_trails() -> Any:
    return next(
        (
            activation.owner.cloudtrail._trails
            for activation in _active[-1:]
            if hasattr(activation.owner, "cloudtrail")
        ),
        None,
    )


def _note(request: Any, operation_name: str, **_: Any) -> None:
    if _CONTEXT_IS_LOST:
        _lost_context.set(request.context)
    for note in (_NOTE, _BLOCKED):
        request.context.pop(note, None)
    answered_before = request.context.pop(_ANSWERED, None)
    innermost = _innermost()
    if innermost is not None:
        request.context[_NOTE] = innermost, request.url, f"/{operation_name}"
        request.context[_ANSWERED] = innermost
        return
    refuse = _refuse or (_refuse_retry if answered_before else None)
    if refuse is not None and not _is_loopback(request.url):
        request.context[_BLOCKED] = refuse, operation_name


def _refuse_retry(operation: str, body: bytes) -> Exception:
    named = operation_named(operation)
    return UnmockedCallError(
        f"{operation} was tried again when the mock of SageMaker Metrics that had answered it was off. It did not reach AWS. "
        "End threads and tasks that log within the test, or wait for what they send: sm_metrics.wait_for(...).",
        operation,
        named.trial_component(body, None) if named else None,
        running.test,
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _leave_unsigned(context: dict[str, Any], **_: Any) -> object:
    return (
        botocore.UNSIGNED
        if _NOTE in context or (_BLOCKED in context and not _moto_listens())
        else None
    )


def _answer(request: Any, **_: Any) -> Any:
    context = _context_of(request)
    note = context.pop(_NOTE, None)
    if note is None:
        return None
    answerer, created_url, operation_path = note
    url = request.url
    answer = answerer.answer(read_request(request, context, created_url, operation_path))
    if _moto_listens():
        request.url = (
            f"answered+{url}"  # moto's handler comes after this one, and goes by the URL alone
        )
    is_async = type(context.get("client_config")).__module__.startswith("aiobotocore.")
    return respond(answer, url, is_async)


def _context_of(request: Any) -> Any:
    return _lost_context.get({}) if _CONTEXT_IS_LOST else request.context


def _say_whose_backoff(
    event_name: str, request: Any = None, request_dict: dict[str, Any] | None = None, **_: Any
) -> None:
    """Before adaptive mode waits (`before-send`), and before botocore sleeps (`needs-retry`). For all services: no other's is skipped."""
    context = _context_of(request) if request_dict is None else request_dict.get("context", {})
    ours = _ANSWERED in context and event_name.split(".")[1] == sessions.SERVICE
    if ours:
        with _lock:
            if _active:
                backoff.relieve()
    backoff.say_whose(context[_ANSWERED] if ours else None)


class _Blocked:
    """In place of a response: raises as soon as botocore looks at it, which it does if nobody else has answered."""

    def __init__(self, refuse: Callable[[], Exception]) -> None:
        self._refuse = refuse

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        raise self._refuse()


def _block(request: Any, event_name: str, **_: Any) -> _Blocked | None:
    backoff.say_whose(None)
    if not event_name.startswith(f"before-send.{sessions.SERVICE}."):
        return None
    note = _context_of(request).pop(_BLOCKED, None)
    if note is None:
        return None
    refuse, operation = note
    return _Blocked(lambda: refuse(operation, body_of(request)))


def _moto_listens() -> bool:
    moto = sys.modules.get("moto.core.models")
    return moto is not None and bool(
        getattr(getattr(moto, "botocore_stubber", None), "enabled", True)
    )


_HANDLERS: tuple[tuple[str, Any], ...] = (
    ("request-created.sagemaker-metrics", _note),
    ("choose-signer.sagemaker-metrics", _leave_unsigned),
    ("before-send.sagemaker-metrics", _answer),
    ("before-send", _say_whose_backoff),
    # botocore's own handler of `needs-retry.sagemaker-metrics`, which takes from the quota, comes before what is for all services.
    ("needs-retry.sagemaker-metrics", _say_whose_backoff),
    ("needs-retry", _say_whose_backoff),
    *control_plane.handlers(_innermost),
    *trail_calls.handlers(_innermost_trails),
)


def _register_once() -> None:
    """Put the handlers where every session made later finds them, and into every emitter made earlier."""
    global _registered
    if _registered:
        return
    emitters = _emitters()
    builtin_handlers: list[Any] = BUILTIN_HANDLERS
    builtin_handlers.extend((event, handler, REGISTER_FIRST) for event, handler in _HANDLERS)
    builtin_handlers.append(("before-send", _block, REGISTER_LAST))
    for emitter in emitters:
        _register(emitter)
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=_after_fork)
    _registered = True


def _register(emitter: Any) -> None:
    for event, handler in _HANDLERS:
        emitter.register_first(event, handler)
    emitter.register_last("before-send", _block)


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # another thread may have held it at that moment
    for activation in _active:
        activation.answerer.after_fork()


def _reach(emitter: Any) -> None:
    """Register with the emitter of a session that was made without botocore's own handlers."""
    signer = {"signing_name": "sagemaker", "region_name": "", "signature_version": "v4"}
    _, answer = emitter.emit_until_response(
        "choose-signer.sagemaker-metrics", context={_NOTE: None}, **signer
    )
    if answer is not botocore.UNSIGNED:
        _register(emitter)


def _emitters() -> list[HierarchicalEmitter]:
    # Frozen objects are in no generation that get_objects() looks at, and a test run that froze its collected modules
    # has module-level clients there, and all of botocore with them; a few hundred objects the interpreter itself froze.
    frozen = gc.get_freeze_count() > 5_000
    if frozen:
        gc.unfreeze()
    try:
        return [
            candidate
            for candidate in gc.get_objects()
            if issubclass(type(candidate), HierarchicalEmitter)
        ]
    finally:
        if frozen:
            gc.freeze()
