"""`mock_sm_metrics` as a decorator: of functions, generators, test cases and test classes."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from ..mock import SageMakerMetricsMock
from .hypothesis_examples import Examples, JudgedMock, hypothesis_handle
from .unittest_cases import CaseMethod
from .wrapping import wrap

_ORIGINAL = "_sm_metrics_original"
_OF_A_CLASS = "_sm_metrics_activate"


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


def decorate(target: Any, activate: Activate) -> Any:
    """Return the target, run inside a new mock each time.

    Raise a TypeError for anything but a function or a class with tests.
    """
    if isinstance(target, type):
        if issubclass(target, unittest.TestCase):
            return _decorate_test_case(target, activate)
        return _decorate_class(target, activate)
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(decorate(target.__func__, activate))
    if inspect.isfunction(target):
        return _decorate_function(target, activate)
    raise TypeError(
        f"mock_sm_metrics decorates functions and classes, and {target!r} is neither: put it below "
        "decorators that make something else of a function, such as @pytest.fixture. Settings are "
        "keywords, as in mock_sm_metrics(seed=1)."
    )


def _decorate_function(function: Any, activate: Activate, name: str | None = None) -> Any:
    name = name or _name_of(function)
    handle = hypothesis_handle(function)
    if handle is None:
        return wrap(function, functools.partial(_inside, activate, name, function))
    # Only the inner test is replaced, so that @settings and @example may stand above.
    handle.inner_test = _decorate_function(handle.inner_test, activate, name)
    return function


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


def _inside(activate: Activate, name: str, function: Any) -> _Inside:
    return _Inside(activate(name), function)


def _name_of(decorated: Any) -> str:
    name = getattr(decorated, "__qualname__", type(decorated).__qualname__)
    return f"{getattr(decorated, '__module__', '')}.{name}"


def _decorate_class(cls: Any, activate: Activate) -> Any:
    names = [name for name in dir(cls) if name.startswith("test")]
    tests = [name for name in names if inspect.isfunction(_function_of(cls, name))]
    if not tests:
        message = (
            "mock_sm_metrics decorates the methods of a class that are named test*, and "
            f"{cls.__name__} has none."
        )
        if hasattr(cls, "TestCase"):
            message += f" Of a state machine, decorate {cls.__name__}.TestCase."
        raise TypeError(message)
    for name in tests:
        _decorate_method(cls, name, activate)
    return cls


def _function_of(cls: Any, name: str) -> Any:
    """Return the function of a method, a static one or one of the class."""
    attribute = inspect.getattr_static(cls, name)
    return getattr(attribute, "__func__", attribute)


def _decorate_method(cls: Any, name: str, activate: Activate) -> None:
    function = _function_of(cls, name)
    original = getattr(function, _ORIGINAL, function)
    full_name = f"{_name_of(cls)}.{name}"
    if name in vars(cls):
        run_inside = _decorate_function(function, activate, full_name)
    else:  # a base's: it stays as it is, and the settings of this class hold for this one
        run_inside = wrap(original, functools.partial(_inside, activate, full_name, original))
    if run_inside is not function:
        setattr(run_inside, _ORIGINAL, original)
    attribute = inspect.getattr_static(cls, name)
    setattr(cls, name, run_inside if attribute is function else type(attribute)(run_inside))


def _decorate_test_case(cls: Any, activate: Activate) -> Any:
    if _OF_A_CLASS in vars(cls):
        return cls  # of two decorators the inner one holds
    setattr(cls, _OF_A_CLASS, staticmethod(activate))
    for name in ("run", "debug"):
        setattr(cls, name, _one_mock_per_test(getattr(cls, name), activate))
    return cls


def _one_mock_per_test(run: Any, activate: Activate) -> Any:
    @functools.wraps(run)
    def run_inside(self: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(self, _OF_A_CLASS) is not activate:  # the settings of a subclass hold
            return run(self, *args, **kwargs)
        with activate(self.id()) as mock, CaseMethod(self, JudgedMock(mock), mock.check) as method:

            def judge_what_a_teardown_shows() -> None:
                __tracebackhide__ = True
                if method.passed:
                    mock.check()

            self.addCleanup(judge_what_a_teardown_shows)  # the first one: it runs after all others
            try:
                return run(self, *args, **kwargs)
            finally:
                mock._findings.take()  # all was reported, or the test failed by itself

    return run_inside
