"""Retries without back-off: botocore computes the delays, and does not sleep.

No event can do that. botocore sleeps once its `needs-retry` handlers have returned a delay; in
adaptive mode it waits for a token in a `before-send` handler; in standard mode retries take
from a quota that a client has for its whole life. So while a mock is on, the `time` that
`botocore.endpoint` sleeps by, the `asyncio` of `aiobotocore.endpoint`, and `acquire` of both token
buckets and of the quota are patched, here and nowhere else. The context variable `sending` says
whose request a wait is for; requests to other services wait as always.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any
from weakref import ref

from .active import ActiveMock, active, sending
from .patches import bound


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
                replace = active.retries.wrap if class_name else active.retries.replace
                replace(owner, name, make)


def _owner() -> ActiveMock | None:
    owner = sending.get().owner
    return owner() if owner else None


def _is_skipped() -> bool:
    record = _owner()
    return record is not None and record.service.settings.fast_retries


class _Delegate(types.ModuleType):
    """A module with some functions replaced."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        super().__init__(getattr(module, "__name__", ""))
        vars(self).clear()  # the module has them
        vars(self).update(replaced, _module=module, __doc__=module.__doc__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __dir__(self) -> list[str]:
        return dir(self._module)


def _time(module: Any) -> Any:
    @functools.wraps(module.sleep)
    def sleep(*args: Any, **kwargs: Any) -> Any:
        return None if _is_skipped() else module.sleep(*args, **kwargs)

    return _Delegate(module, sleep=sleep)


def _asyncio(module: Any) -> Any:
    @functools.wraps(module.sleep)
    async def sleep(delay: float, *args: Any, **kwargs: Any) -> Any:
        return await module.sleep(0 if _is_skipped() else delay, *args, **kwargs)

    return _Delegate(module, sleep=sleep)


def _acquire(original: Any) -> Any:
    def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        return True if _is_skipped() else bound(original, self)(*args, **kwargs)

    return acquire


def _acquire_async(original: Any) -> Any:
    async def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        return True if _is_skipped() else await bound(original, self)(*args, **kwargs)

    return acquire


def _acquire_quota(original: Any) -> Any:
    def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        record = _owner()
        if record is not None:
            with active.lock:
                record.quotas.note(self)
        return bound(original, self)(*args, **kwargs)

    return acquire


_PATCHES: tuple[tuple[str, str | None, str, Callable[[Any], Any]], ...] = (
    ("botocore.endpoint", None, "time", _time),
    ("botocore.retries.bucket", "TokenBucket", "acquire", _acquire),
    ("botocore.retries.quota", "RetryQuota", "acquire", _acquire_quota),
    ("aiobotocore.endpoint", None, "asyncio", _asyncio),
    ("aiobotocore.retries.bucket", "AsyncTokenBucket", "acquire", _acquire_async),
)
"""Module, class (None: the module itself), attribute, and what makes its replacement."""
