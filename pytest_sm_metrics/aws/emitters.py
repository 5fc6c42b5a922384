"""Emitters: where handlers of botocore's events are registered, once per process.

Sessions copy botocore's built-in handlers when they are made, and clients copy their session's. So
handlers that are added there reach every client of later sessions; emitters made earlier are found
among the objects of the garbage collector.
"""

from __future__ import annotations

import gc
import os
import threading
from typing import Any

import botocore
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
from botocore.hooks import HierarchicalEmitter

from .active import active
from .handlers import FIRST_HANDLERS, LAST_HANDLERS, NOTE

_FROZEN = 5_000  # the interpreter itself freezes a few hundred objects


def register_once() -> None:
    """Register the handlers for later sessions, and with every emitter made earlier."""
    if active.is_registered:
        return
    emitters = _emitters()
    builtin_handlers: list[Any] = BUILTIN_HANDLERS
    builtin_handlers.extend((*pair, REGISTER_FIRST) for pair in FIRST_HANDLERS)
    builtin_handlers.extend((*pair, REGISTER_LAST) for pair in LAST_HANDLERS)
    for emitter in emitters:
        _register(emitter)
    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=_after_fork)
    active.is_registered = True


def ensure_registered(emitter: Any) -> None:
    """Register with the emitter of a session that was made without botocore's own handlers."""
    _, answer = emitter.emit_until_response(
        "choose-signer.sagemaker-metrics",
        context={NOTE: None},
        signing_name="sagemaker",
        region_name="",
        signature_version="v4",
    )
    if answer is not botocore.UNSIGNED:
        _register(emitter)


def _register(emitter: Any) -> None:
    for event, handler in FIRST_HANDLERS:
        emitter.register_first(event, handler)
    for event, handler in LAST_HANDLERS:
        emitter.register_last(event, handler)


def _emitters() -> list[HierarchicalEmitter]:
    # get_objects() leaves out frozen objects. A test run that froze its collected modules has
    # module-level clients among them, and all of botocore.
    is_frozen = gc.get_freeze_count() > _FROZEN
    if is_frozen:
        gc.unfreeze()
    try:
        objects = gc.get_objects()
        return [one for one in objects if issubclass(type(one), HierarchicalEmitter)]
    finally:
        if is_frozen:
            gc.freeze()


def _after_fork() -> None:
    active.lock = threading.RLock()  # another thread of the parent may have held it
    for record in active.stack:
        record.service.after_fork()
        record.is_forked = True
