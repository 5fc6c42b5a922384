"""Retries without their back-off, which botocore computes and does not sleep; and what they take from a client's quota, given back.

No event can do that: botocore sleeps by itself once its `needs-retry` handlers have given a delay, in adaptive mode waits for a token
within a `before-send` handler of its own, and in standard mode takes retries from a quota that a client has for its whole life. So
while a mock is on, the `time` that `botocore.endpoint` sleeps by, the `asyncio` of `aiobotocore.endpoint`, `acquire` of both token
buckets and of the quota are replaced, here and nowhere else. A context variable, set by the first handler of an event and cleared by
the last, says whose request the wait is for; those of others sleep as always.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

from ..service.service import Service

_pending: ContextVar[ref[Service] | None] = ContextVar(
    "whose request the next back-off in this context is for", default=None
)

_undo: list[Callable[[], None]] = []


class _Quotas:
    """What clients' quotas had before requests of one mock took from them."""

    def __init__(self) -> None:
        self._before: dict[Any, int] = {}

    def note(self, quota: Any) -> None:
        """Something is about to be taken from it."""
        self._before.setdefault(quota, quota.available_capacity)

    def reset(self) -> None:
        """Give everything back: a quota that is left empty would end the retries of tests to come."""
        while self._before:
            quota, before = self._before.popitem()
            quota.release(max(0, before - quota.available_capacity))

    def checkpoint(self) -> Callable[[], None]:
        """Each example begins with whole quotas."""
        return self.reset

    def saw(self, call: object, index: int) -> None:
        """Calls are no matter."""

    def findings(self) -> list[str]:
        """Nothing to tell."""
        return []


_lock = threading.Lock()
_quotas: WeakKeyDictionary[Service, _Quotas] = WeakKeyDictionary()


def say_whose(retried: Service | None) -> None:
    """Whose request the next back-off in this context is for; None: it is not ours."""
    _pending.set(ref(retried) if retried else None)


def _whose() -> Service | None:
    retried = _pending.get()
    return retried() if retried else None


def _quotas_of(retried: Service) -> _Quotas:
    with _lock:
        if retried not in _quotas:
            _quotas[retried] = _Quotas()
            retried.watchers.append(_quotas[retried])
        return _quotas[retried]


class _Delegate:
    """A module in which some functions are others."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        self._module = module
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _sleep(seconds: float) -> None:
    if not _skipped():
        time.sleep(seconds)


async def _sleep_async(seconds: float, *args: Any) -> Any:
    return await asyncio.sleep(0 if _skipped() else seconds, *args)


def _skipped() -> bool:
    retried = _whose()
    say_whose(None)
    return retried is not None and retried.settings.fast_retries


def _acquire(original: Any) -> Any:
    def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        return True if _skipped() else original(self, *args, **kwargs)

    return acquire


def _acquire_async(original: Any) -> Any:
    async def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        return True if _skipped() else await original(self, *args, **kwargs)

    return acquire


def _acquire_quota(original: Any) -> Any:
    def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        retried = _whose()
        if retried is not None:
            _quotas_of(retried).note(self)
        return original(self, *args, **kwargs)

    return acquire


_REPLACED: tuple[tuple[str, str | None, str, Callable[[Any], Any]], ...] = (
    ("botocore.endpoint", None, "time", lambda module: _Delegate(module, sleep=_sleep)),
    ("botocore.retries.bucket", "TokenBucket", "acquire", _acquire),
    ("botocore.retries.quota", "RetryQuota", "acquire", _acquire_quota),
    ("aiobotocore.endpoint", None, "asyncio", lambda module: _Delegate(module, sleep=_sleep_async)),
    ("aiobotocore.retries.bucket", "AsyncTokenBucket", "acquire", _acquire_async),
)
"""Module, class, attribute, and what takes its place."""

_done: set[str] = set()


def relieve() -> None:
    """Replace what is not replaced yet, of the modules that are imported by now."""
    for module_name, class_name, name, replacement in _REPLACED:
        module = sys.modules.get(module_name)
        if module is None or module_name in _done:
            continue
        owner: Any = module if class_name is None else getattr(module, class_name)
        original = getattr(owner, name)
        replaced = replacement(original)
        setattr(owner, name, replaced)
        _done.add(module_name)
        _undo.append(partial(_restore, owner, name, original, replaced))


def give_back(retried: Service) -> None:
    """Give clients' quotas back what requests of a mock took."""
    if retried in _quotas:
        _quotas[retried].reset()


def _restore(owner: Any, name: str, original: Any, replaced: Any) -> None:
    if vars(owner).get(name) is replaced:
        setattr(owner, name, original)


def restore() -> None:
    """Put everything back."""
    while _undo:
        _undo.pop()()
    _done.clear()
