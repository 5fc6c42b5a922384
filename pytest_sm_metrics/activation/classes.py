"""Decorated classes: each of their tests has a new mock, and so have those of their subclasses."""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Iterator
from typing import Any

from .functions import Activate, decorate_method, is_decorated_method, name_of
from .unittest_cases import ACTIVATE, decorate_test_case

_PARTIAL = (functools.partial, functools.partialmethod)


def decorate_class(cls: Any, activate: Activate) -> Any:
    """Return the class, each of its tests run inside a new mock.

    Of two decorators the inner one holds. Raise a TypeError for a class without tests.
    """
    if ACTIVATE in vars(cls):
        return cls
    if issubclass(cls, unittest.TestCase):
        return decorate_test_case(cls, activate)
    if not _has_tests(cls):
        message = (
            "mock_sm_metrics decorates the methods of a class that are named test*, and "
            f"{cls.__name__} has none."
        )
        if hasattr(cls, "TestCase"):
            message += f" Of a state machine, decorate {cls.__name__}.TestCase."
        raise TypeError(message)
    nested = list(_nested_classes(cls))
    setattr(cls, ACTIVATE, staticmethod(activate))
    for name in _tests_of(cls):
        _decorate_method(cls, name, activate)
    for inner in nested:
        decorate_class(inner, activate)
    _decorate_subclasses(cls, activate)
    return cls


def _tests_of(cls: Any) -> list[str]:
    """Return the names of the methods that are tests."""
    names = [name for name in dir(cls) if name.startswith("test")]
    return [name for name in names if _function_of(inspect.getattr_static(cls, name))]


def _has_tests(cls: Any) -> bool:
    own_classes = [one for one in vars(cls).values() if _is_nested_in(cls, one)]
    return bool(_tests_of(cls)) or any(_has_tests(one) for one in own_classes)


def _is_nested_in(cls: Any, value: Any) -> bool:
    return isinstance(value, type) and value.__qualname__.startswith(f"{cls.__qualname__}.")


def _nested_classes(cls: Any) -> Iterator[Any]:
    """Yield the nested classes with tests; raise a TypeError for one that is defined elsewhere."""
    for name in dir(cls):
        inner = inspect.getattr_static(cls, name)
        if not isinstance(inner, type) or not _has_tests(inner):
            continue
        if _is_nested_in(cls, inner):
            yield inner
        elif name.startswith("Test") and not hasattr(inner, ACTIVATE):
            raise TypeError(
                f"{cls.__name__}.{name} is {inner.__name__}, which is defined elsewhere: "
                "decorate it there, or derive a class from it here."
            )


def _decorate_method(cls: Any, name: str, activate: Activate) -> None:
    attribute, is_own = inspect.getattr_static(cls, name), name in vars(cls)
    full_name = f"{name_of(cls)}.{name}"
    function = decorate_method(_function_of(attribute), activate, full_name, is_own)
    setattr(cls, name, _with_function(attribute, function))


def _function_of(attribute: Any) -> Any:
    """Return the function of a method: an instance's, a class's, a static or a partial one."""
    while not inspect.isfunction(attribute):
        if isinstance(attribute, (staticmethod, classmethod)):
            attribute = attribute.__func__
        elif isinstance(attribute, _PARTIAL):
            attribute = attribute.func
        else:
            return None
    return attribute


def _with_function(attribute: Any, function: Any) -> Any:
    """Return a method of the same kind that has another function."""
    if isinstance(attribute, (staticmethod, classmethod)):
        return type(attribute)(_with_function(attribute.__func__, function))
    if isinstance(attribute, _PARTIAL):
        inner = _with_function(attribute.func, function)
        made = type(attribute)(inner, *attribute.args, **attribute.keywords)
        vars(made).update({**vars(attribute), **vars(made)})  # such as marks of pytest
        return made
    return function


def _decorate_subclasses(cls: Any, activate: Activate) -> None:
    """Decorate the classes that are derived later, as far as no nearer base is decorated."""
    own = vars(cls).get("__init_subclass__")

    def init_subclass(subclass: Any, /, **kwargs: Any) -> None:
        if own is None:
            super(cls, subclass).__init_subclass__(**kwargs)
        else:
            own.__get__(None, subclass)(**kwargs)
        if getattr(subclass, ACTIVATE) is activate:
            _decorate_subclass(subclass, activate)

    if own is not None:
        functools.update_wrapper(init_subclass, own.__func__)
    cls.__init_subclass__ = classmethod(init_subclass)


def _decorate_subclass(cls: Any, activate: Activate) -> None:
    for name in _tests_of(cls):
        function = _function_of(inspect.getattr_static(cls, name))
        if name in vars(cls) or not is_decorated_method(function):
            _decorate_method(cls, name, activate)
    for inner in _nested_classes(cls):
        if not hasattr(inner, ACTIVATE):
            decorate_class(inner, activate)
