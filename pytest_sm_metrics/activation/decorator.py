"""`mock_sm_metrics` as a decorator: of functions, async functions, generators, test cases and plain test classes."""

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
    """A context in which a new mock is on; on leaving it is judged, unless an exception is on its way."""

    def __enter__(self) -> SageMakerMetricsMock:
        """Switch the mock on."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Switch it off."""
        ...


Activate = Callable[[str], Activates]
"""From the name of the test that is decorated."""


def decorate(target: Any, activate: Activate) -> Any:
    """The target, run inside a new mock each time; a TypeError for what is neither a function nor a class with tests."""
    if isinstance(target, type):
        return (
            _decorate_test_case(target, activate)
            if issubclass(target, unittest.TestCase)
            else _decorate_class(target, activate)
        )
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(decorate(target.__func__, activate))
    if inspect.isfunction(target):
        return _decorate_function(target, activate)
    raise TypeError(
        f"mock_sm_metrics decorates functions and classes, and {target!r} is neither: put it below decorators that make something else "
        "of a function, such as @pytest.fixture. Settings are keywords, as in mock_sm_metrics(seed=1)."
    )


def _decorate_function(function: Any, activate: Activate, name: str | None = None) -> Any:
    name = name or _name_of(function)
    handle = hypothesis_handle(function)
    if handle is None:
        return wrap(function, functools.partial(_inside, activate, name, function))
    handle.inner_test = _decorate_function(
        handle.inner_test, activate, name
    )  # so that @settings and @example may stand above
    return function


class _Inside:
    """A new mock, in which examples start clean."""

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
    return f"{getattr(decorated, '__module__', '')}.{getattr(decorated, '__qualname__', type(decorated).__qualname__)}"


def _decorate_class(cls: Any, activate: Activate) -> Any:
    decorated = False
    for name in [name for name in dir(cls) if name.startswith("test")]:
        test = inspect.getattr_static(cls, name)
        function = getattr(test, "__func__", test)
        if inspect.isfunction(function):
            decorated = True
            if name in vars(cls):
                run_inside = _decorate_function(function, activate, f"{_name_of(cls)}.{name}")
            else:  # a base's, which stays as it is; if that is decorated too, the settings of this class hold
                original = getattr(function, _ORIGINAL, function)
                run_inside = wrap(
                    original,
                    functools.partial(_inside, activate, f"{_name_of(cls)}.{name}", original),
                )
            if run_inside is not function:
                setattr(run_inside, _ORIGINAL, getattr(function, _ORIGINAL, function))
            setattr(cls, name, run_inside if test is function else type(test)(run_inside))
    if not decorated:
        hint = (
            f" Of a state machine, decorate {cls.__name__}.TestCase."
            if hasattr(cls, "TestCase")
            else ""
        )
        raise TypeError(
            f"mock_sm_metrics decorates the methods of a class that are named test*, and {cls.__name__} has none.{hint}"
        )
    return cls


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
        if (
            getattr(self, _OF_A_CLASS) is not activate
        ):  # a subclass is decorated, too: its settings hold
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
