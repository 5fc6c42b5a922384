"""Wrapping: functions of any kind that run inside a context."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from typing import Any

from .unfinished import (
    any_async_context,
    any_context,
    is_deferred,
    leave_when_fired,
    refuse_unfinished,
)


def wrap(function: Any, inside: Callable[[], AbstractContextManager[object]]) -> Any:
    """Return a function of the same kind and signature that runs inside a context.

    The kinds: functions, async functions, generators (as fixtures are), async generators, what
    `contextmanager` and `asynccontextmanager` make, and functions that return a Deferred.
    """
    return functools.wraps(function)(_wrapper_for(function)(function, inside))


def _wrapper_for(function: Any) -> Callable[[Any, Any], Callable[..., Any]]:
    if inspect.iscoroutinefunction(function):
        return _coroutine_inside
    if inspect.isgeneratorfunction(function):
        return _generator_inside
    if inspect.isasyncgenfunction(function):
        return _async_generator_inside
    # All functions that a decorator of contextlib makes have the same code.
    code = getattr(function, "__code__", None)
    if code is any_context.__code__:
        return _context_inside
    if code is any_async_context.__code__:
        return _async_context_inside
    return _function_inside


def _function_inside(function: Any, inside: Any) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with ExitStack() as stack:
            stack.enter_context(inside())
            result = function(*args, **kwargs)
            if is_deferred(result):
                return leave_when_fired(result, stack.pop_all())
            refuse_unfinished(function, result)
            return result

    return run


def _coroutine_inside(function: Any, inside: Any) -> Callable[..., Any]:
    async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with inside():
            return await function(*args, **kwargs)

    return run_coroutine


def _generator_inside(function: Any, inside: Any) -> Callable[..., Any]:
    def run_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        with inside():
            return (yield from function(*args, **kwargs))

    return run_generator


def _async_generator_inside(function: Any, inside: Any) -> Callable[..., Any]:
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

    return run_async_generator


def _context_inside(function: Any, inside: Any) -> Callable[..., Any]:
    @contextmanager
    def run_context(*args: Any, **kwargs: Any) -> Generator[Any]:
        __tracebackhide__ = True
        with inside(), function(*args, **kwargs) as value:
            yield value

    return run_context


def _async_context_inside(function: Any, inside: Any) -> Callable[..., Any]:
    @asynccontextmanager
    async def run_context(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        __tracebackhide__ = True
        with inside():
            async with function(*args, **kwargs) as value:
                yield value

    return run_context
