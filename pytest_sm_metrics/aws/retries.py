"""Retries without back-off: botocore computes the delays, and does not sleep.

No event can do that. botocore sleeps once its `needs-retry` handlers have returned a delay; in
adaptive mode it waits for a token in a `before-send` handler; in standard mode retries take
from a quota that a client has for its whole life. So while a mock is on, the `time` that
`botocore.endpoint` sleeps by, the `asyncio` of `aiobotocore.endpoint`, and `acquire` of both token
buckets and of the quota are patched, here and nowhere else. The context variable `sending` says
whose request a wait is for; requests to other services wait as always.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any
from weakref import ref

from .active import ActiveMock, active, sending


def set_retry_owner(record: ActiveMock | None) -> None:
    """Set whose request the next wait in this context is for; None: another service's."""
    sending.set(sending.get()._replace(owner=ref(record) if record else None))


def patch_retries() -> None:
    """Patch the modules that are imported and not patched yet, while a mock is on."""
    with active.lock:
        for module_name, class_name, name, make in _PATCHES if active.stack else ():
            module = sys.modules.get(module_name)
            owner = module if module is None or class_name is None else getattr(module, class_name)
            if owner is not None and not active.retries.has(owner, name):
                active.retries.replace(owner, name, make)


def _owner() -> ActiveMock | None:
    owner = sending.get().owner
    return owner() if owner else None


def _is_skipped() -> bool:
    record = _owner()
    return record is not None and record.service.settings.fast_retries


class _Delegate:
    """A module with some functions replaced."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        self._module = module
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _time(module: Any) -> Any:
    def sleep(seconds: float) -> None:
        if not _is_skipped():
            time.sleep(seconds)

    return _Delegate(module, sleep=sleep)


def _asyncio(module: Any) -> Any:
    async def sleep(seconds: float, *args: Any) -> Any:
        return await asyncio.sleep(0 if _is_skipped() else seconds, *args)

    return _Delegate(module, sleep=sleep)


def _acquire(original: Any) -> Any:
    def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        return True if _is_skipped() else original(self, *args, **kwargs)

    return acquire


def _acquire_async(original: Any) -> Any:
    async def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        return True if _is_skipped() else await original(self, *args, **kwargs)

    return acquire


def _acquire_quota(original: Any) -> Any:
    def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        record = _owner()
        if record is not None:
            with active.lock:
                record.quotas.note(self)
        return original(self, *args, **kwargs)

    return acquire


_PATCHES: tuple[tuple[str, str | None, str, Callable[[Any], Any]], ...] = (
    ("botocore.endpoint", None, "time", _time),
    ("botocore.retries.bucket", "TokenBucket", "acquire", _acquire),
    ("botocore.retries.quota", "RetryQuota", "acquire", _acquire_quota),
    ("aiobotocore.endpoint", None, "asyncio", _asyncio),
    ("aiobotocore.retries.bucket", "AsyncTokenBucket", "acquire", _acquire_async),
)
"""Module, class (None: the module itself), attribute, and what makes its replacement."""
