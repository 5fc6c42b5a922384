"""Functions of any kind, run inside a context."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any


def wrap(function: Any, inside: Callable[[], AbstractContextManager[None]]) -> Any:
    """A function of the same kind and signature that runs inside a context: sync or async, generator (as a fixture is) or not."""

    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with inside():
            return function(*args, **kwargs)

    async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with inside():
            return await function(*args, **kwargs)

    def run_generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
        __tracebackhide__ = True
        with inside():
            yield from function(*args, **kwargs)

    async def run_async_generator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        __tracebackhide__ = True
        with inside():
            async for item in function(*args, **kwargs):
                yield item

    wrapper: Callable[..., Any] = run
    if inspect.iscoroutinefunction(function):
        wrapper = run_coroutine
    elif inspect.isgeneratorfunction(function):
        wrapper = run_generator
    elif inspect.isasyncgenfunction(function):
        wrapper = run_async_generator
    return functools.wraps(function)(wrapper)
