"""`mock_sm_metrics` as a decorator: of functions, generators, test cases and test classes."""

from __future__ import annotations

import inspect
from typing import Any

from .classes import decorate_class
from .functions import Activate, decorate_function


def decorate(target: Any, activate: Activate) -> Any:
    """Return the target, run inside a new mock each time.

    Raise a TypeError for anything but a function or a class with tests.
    """
    if isinstance(target, type):
        return decorate_class(target, activate)
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(decorate(target.__func__, activate))
    if inspect.isfunction(target):
        return decorate_function(target, activate)
    raise TypeError(
        f"mock_sm_metrics decorates functions and classes, and {target!r} is neither: put it below "
        "decorators that make something else of a function, such as @pytest.fixture. Settings are "
        "keywords, as in mock_sm_metrics(seed=1)."
    )
