"""Decorated functions: each run of one has a new mock."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from ..mock import SageMakerMetricsMock
from .hypothesis_examples import Examples, JudgedMock, hypothesis_handle
from .wrapping import wrap

_REPLACED = "_sm_metrics_replaced"
"""On a method that a decorated class has: this method itself, and the one that it replaced."""


class Activates(Protocol):
    """A context in which a new mock is active; it is judged on exit, unless an exception leaves."""

    def __enter__(self) -> SageMakerMetricsMock:
        """Activate the mock."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Deactivate it."""
        ...


Activate = Callable[[str], Activates]
"""Returns a context, from the name of the decorated test."""


def decorate_function(function: Any, activate: Activate) -> Any:
    """Return a function that runs inside a new mock each time."""
    handle = hypothesis_handle(function)
    name = name_of(function)
    if handle is None:
        return _wrapped(function, activate, name)
    # Only the inner test is replaced, so that @settings and @example may stand above.
    handle.inner_test = _wrapped(handle.inner_test, activate, name)
    return function


def decorate_method(function: Any, activate: Activate, name: str, is_own: bool) -> Any:
    """Return the function of a method that runs inside a new mock, for a decorated class.

    It takes the place of one that another decorated class has made. `is_own`: no base has it, so
    it may be changed.
    """
    handle = hypothesis_handle(function)
    if handle is not None and is_own:
        handle.inner_test = decorate_method(handle.inner_test, activate, name, is_own)
        return function
    replacement, original = getattr(function, _REPLACED, (None, None))
    if replacement is not function:  # else a decorator has copied the attribute
        original = function
    method = _wrapped(original, activate, name)
    setattr(method, _REPLACED, (method, original))
    return method


def is_decorated_method(function: Any) -> bool:
    """Return True if a decorated class has made a function, or one that it calls."""
    handle = hypothesis_handle(function)
    return hasattr(handle.inner_test if handle else function, _REPLACED)


def name_of(decorated: Any) -> str:
    """Return the full name of a function or a class."""
    name = getattr(decorated, "__qualname__", type(decorated).__qualname__)
    return f"{getattr(decorated, '__module__', '')}.{name}"


class _Inside:
    """A new mock, in which examples start from the same state."""

    def __init__(self, activation: Activates, function: Any) -> None:
        self._activation = activation
        self._function = function

    def __enter__(self) -> None:
        mock = self._activation.__enter__()
        self._examples = Examples(JudgedMock(mock), self._function).__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self._examples.__exit__(kind, error, traceback)
        self._activation.__exit__(kind, error, traceback)


def _wrapped(function: Any, activate: Activate, name: str) -> Any:
    return wrap(function, functools.partial(_inside, activate, name, function))


def _inside(activate: Activate, name: str, function: Any) -> _Inside:
    return _Inside(activate(name), function)
