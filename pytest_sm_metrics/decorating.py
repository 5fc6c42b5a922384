"""`mock_sm_metrics` as a decorator: of functions, async functions, generators, test cases and plain test classes."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .mock import SageMakerMetricsMock
from .per_example import each_example_starts_clean, hypothesis_handle
from .wrapping import wrap

Activate = Callable[[], AbstractContextManager[SageMakerMetricsMock]]
"""What makes a context in which a new mock is on."""


def decorate(target: Any, activate: Activate) -> Any:
    """The target, run inside a new mock each time; a TypeError for what is neither a function nor a class with tests."""
    if isinstance(target, type):
        return _decorate_test_case(target, activate) if issubclass(target, unittest.TestCase) else _decorate_class(target, activate)
    if inspect.isfunction(target):
        return _decorate_function(target, activate)
    raise TypeError(
        f"mock_sm_metrics decorates functions and classes, and {target!r} is neither. Settings are keywords, as in mock_sm_metrics(seed=1)."
    )


def _decorate_function(function: Any, activate: Activate) -> Any:
    handle = hypothesis_handle(function)
    if handle is not None:
        handle.inner_test = _decorate_function(handle.inner_test, activate)
        return function

    @contextmanager
    def inside() -> Generator[None]:
        __tracebackhide__ = True
        with activate() as mock, each_example_starts_clean(None, [mock], mock.check):
            yield

    return wrap(function, inside)


def _decorate_class(cls: Any, activate: Activate) -> Any:
    tests = {name: inspect.getattr_static(cls, name) for name in dir(cls) if name.startswith("test")}
    decorated = False
    for name, test in tests.items():
        if inspect.isfunction(test):
            setattr(cls, name, _decorate_function(test, activate))
            decorated = True
        elif isinstance(test, (staticmethod, classmethod)):
            setattr(cls, name, type(test)(_decorate_function(test.__func__, activate)))
            decorated = True
    if not decorated:
        hint = f" Of a state machine, decorate {cls.__name__}.TestCase." if hasattr(cls, "TestCase") else ""
        raise TypeError(f"mock_sm_metrics decorates the methods of a class that are named test*, and {cls.__name__} has none.{hint}")
    return cls


def _decorate_test_case(cls: Any, activate: Activate) -> Any:
    cls._sm_metrics_activate = staticmethod(activate)
    for name in ("run", "debug"):
        setattr(cls, name, _one_mock_per_test(getattr(cls, name), activate))
    return cls


def _one_mock_per_test(run: Any, activate: Activate) -> Any:
    @functools.wraps(run)
    def run_inside(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._sm_metrics_activate is not activate:  # a subclass is decorated, too: its settings hold
            return run(self, *args, **kwargs)
        mock = activate().__enter__()
        passed = False

        @contextmanager
        def judged() -> Generator[None]:
            nonlocal passed
            __tracebackhide__ = True
            with each_example_starts_clean(test, [mock], mock.check):
                yield
            mock.check()
            passed = True

        def check_what_a_teardown_shows() -> None:
            __tracebackhide__ = True
            if passed:
                mock.check()

        name = self._testMethodName
        test = getattr(self, name)
        own = vars(self).get(name)  # pytest puts it there
        setattr(self, name, wrap(test, judged))
        self.addCleanup(check_what_a_teardown_shows)  # the first one: it runs after all others
        try:
            return run(self, *args, **kwargs)
        finally:
            if own is None:
                delattr(self, name)
            else:
                setattr(self, name, own)
            mock.stop()

    return run_inside
