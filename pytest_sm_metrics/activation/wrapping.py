"""Wrapping: functions of any kind that run inside a context."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, aclosing
from typing import Any


def wrap(function: Any, inside: Callable[[], AbstractContextManager[object]]) -> Any:
    """Return a function of the same kind and signature that runs inside a context.

    The kinds: functions, async functions, generators (as fixtures are) and async generators.
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with inside():
            result = function(*args, **kwargs)
            if inspect.iscoroutine(result):
                result.close()
                raise TypeError(
                    f"{function.__qualname__} returned a coroutine and is no async function: the "
                    "mock would be off by the time it runs. Put mock_sm_metrics below the "
                    "decorator that made this of an async function."
                )
            return result

    async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with inside():
            return await function(*args, **kwargs)

    def run_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        with inside():
            return (yield from function(*args, **kwargs))

    async def run_async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        __tracebackhide__ = True
        with inside():
            async with aclosing(function(*args, **kwargs)) as generator:
                step: Awaitable[Any] = anext(generator)
                while True:
                    try:
                        item = await step
                    except StopAsyncIteration:
                        return
                    try:
                        step = generator.asend((yield item))
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        step = generator.athrow(error)

    wrapper: Callable[..., Any] = run
    if inspect.iscoroutinefunction(function):
        wrapper = run_coroutine
    elif inspect.isgeneratorfunction(function):
        wrapper = run_generator
    elif inspect.isasyncgenfunction(function):
        wrapper = run_async_generator
    return functools.wraps(function)(wrapper)
