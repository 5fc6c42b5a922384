"""Under Hypothesis each example starts from the state at which the test body began."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .mock import SageMakerMetricsMock
from .wrapping import wrap

_SETTINGS = "_hypothesis_internal_use_settings"  # where `@settings` puts them


def hypothesis_handle(function: Any) -> Any:
    """Where Hypothesis keeps the function that it calls with each example; None for what is not decorated with `@given`.

    Source: https://hypothesis.readthedocs.io, "Custom function execution": `inner_test` is there to be replaced.
    """
    handle = getattr(function, "hypothesis", None)
    return handle if hasattr(handle, "inner_test") else None


@contextmanager
def function_scope_allowed(test: Any, others: Sequence[str]) -> Generator[None]:
    """Keep Hypothesis from refusing a mock of function scope, which starts clean; not if there are other fixtures of that scope."""
    __tracebackhide__ = True
    handle = hypothesis_handle(test)
    if handle is None or others:
        yield
        return
    hypothesis: Any = sys.modules["hypothesis"]
    function = getattr(test, "__func__", test)
    own = vars(function).get(_SETTINGS)
    given = own or hypothesis.settings.default
    suppressed = {*given.suppress_health_check, hypothesis.HealthCheck.function_scoped_fixture}
    setattr(function, _SETTINGS, hypothesis.settings(given, suppress_health_check=suppressed))
    try:
        yield
    finally:
        if own is None:
            delattr(function, _SETTINGS)
        else:
            setattr(function, _SETTINGS, own)


@contextmanager
def each_example_starts_clean(test: Any, mocks: Iterable[SageMakerMetricsMock], judge: Callable[[], None]) -> Generator[None]:
    """Bring the mocks back to the state of now before each example of the test and before each state machine.

    An example that passes is judged, so that Hypothesis finds the smallest that does not.
    """
    __tracebackhide__ = True
    if "hypothesis" not in sys.modules:
        yield
        return
    found = [(mock, mock._judge()) for mock in mocks]
    restores = [mock._checkpoint() for mock, _ in found]

    def start_clean() -> None:
        for restore in restores:
            restore()

    def start_machine() -> None:
        for mock, findings in found:
            findings += mock._judge()
        start_clean()

    @contextmanager
    def example() -> Generator[None]:
        __tracebackhide__ = True
        start_clean()
        yield
        judge()

    try:
        with _inner_test_inside(test, example), _before_each_machine(start_machine):
            yield
    finally:
        for mock, findings in found:
            mock._findings += dict.fromkeys(findings)


@contextmanager
def _inner_test_inside(test: Any, example: Callable[[], AbstractContextManager[None]]) -> Generator[None]:
    __tracebackhide__ = True
    handle = hypothesis_handle(test)
    if handle is None:
        yield
        return
    inner_test = handle.inner_test
    handle.inner_test = wrap(inner_test, example)
    try:
        yield
    finally:
        handle.inner_test = inner_test


@contextmanager
def _before_each_machine(start: Callable[[], None]) -> Generator[None]:
    """Call `start` before each state machine is made. Hypothesis makes one for each example, and has no other hook that comes first."""
    __tracebackhide__ = True
    stateful: Any = sys.modules.get("hypothesis.stateful")
    if stateful is None:
        yield
        return
    metaclass = type(stateful.RuleBasedStateMachine)
    before = vars(metaclass).get("__call__")

    def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
        start()
        return type.__call__(cls, *args, **kwargs) if before is None else before(cls, *args, **kwargs)

    metaclass.__call__ = make
    try:
        yield
    finally:
        if before is None:
            del metaclass.__call__
        else:
            metaclass.__call__ = before
