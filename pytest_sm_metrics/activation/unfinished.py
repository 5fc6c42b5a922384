"""Results of functions that run after the function has returned: refused, or waited for."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any


@contextmanager
def any_context() -> Generator[None]:
    """Do nothing: an example of what `contextmanager` makes."""
    yield


@asynccontextmanager
async def any_async_context() -> AsyncGenerator[None]:
    """Do nothing: an example of what `asynccontextmanager` makes."""
    yield


_CONTEXTS = (type(any_context()), type(any_async_context()))


def refuse_unfinished(function: Any, result: Any) -> None:
    """Raise a TypeError for a result that runs later, when the mock is off; stop it if possible.

    Members are looked up in the class, because a `MagicMock` has any member.
    """
    __tracebackhide__ = True
    why = _why_unfinished(result)
    if why is None:
        return
    for stop in ("close", "cancel"):
        if hasattr(type(result), stop):
            getattr(result, stop)()
    what, when, way_out = why
    name = getattr(function, "__qualname__", repr(function))
    raise TypeError(
        f"{name} returned {what}: the mock would be off by the time it {when}. {way_out}."
    )


def _why_unfinished(result: Any) -> tuple[str, str, str] | None:
    """Return what a result is, when it runs, and the way out; None if it is finished."""
    kind = type(result)
    below = "Put mock_sm_metrics below the decorator that made this of"
    if inspect.iscoroutine(result):
        return "a coroutine and is no async function", "runs", f"{below} an async function"
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        way_out = f"{below} a generator function, or return a list"
        return "a generator and is no generator function", "runs", way_out
    if isinstance(result, _CONTEXTS):
        way_out = f"{below} a context manager, or enter it with mock_sm_metrics()"
        return "a context manager", "is entered", way_out
    is_future = hasattr(kind, "add_done_callback") and hasattr(kind, "done")
    if is_future and result.done():
        return None
    if hasattr(kind, "__await__"):
        what = f"an awaitable ({kind.__name__}) and is no async function"
        return what, "runs", "Make it an async function that awaits this"
    if is_future:
        return f"a {kind.__name__} that is not done", "is done", "Return its result()"
    return None


def is_deferred(result: Any) -> bool:
    """Return True for a Deferred of Twisted."""
    return hasattr(type(result), "addCallbacks") and hasattr(type(result), "addBoth")


def leave_when_fired(deferred: Any, contexts: ExitStack) -> Any:
    """Leave contexts when a Deferred fires; then it has its result, or the error of leaving."""

    def leave(value: Any) -> Any:
        __tracebackhide__ = True
        contexts.__exit__(None, None, None)
        return value

    def leave_with_error(failure: Any) -> Any:
        __tracebackhide__ = True
        contexts.__exit__(failure.type, failure.value, failure.getTracebackObject())
        return failure

    deferred.addCallbacks(leave, leave_with_error)
    return deferred
