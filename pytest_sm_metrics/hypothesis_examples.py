"""Under Hypothesis each example starts from the same state, and is judged by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol

from .wrapping import wrap

_SETTINGS = "_hypothesis_internal_use_settings"  # where `@settings` puts them


class Judged(Protocol):
    """What examples change, and what is found in it."""

    def take(self, unused: bool = True) -> list[str]:
        """What is to be told, of all that arrived since this was last asked; `unused`: also of faults that have not fired by now."""
        ...

    def resume(self, found: list[str]) -> None:
        """The examples are over; this was found before them, and is to be told after all."""
        ...

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the state of now."""
        ...


def hypothesis_handle(function: Any) -> Any:
    """Where Hypothesis keeps the function that it calls with each example; None for what is not decorated with `@given`.

    Source: https://hypothesis.readthedocs.io, "Custom function execution": `inner_test` is there to be replaced.
    """
    handle = getattr(function, "hypothesis", None)
    return handle if hasattr(handle, "inner_test") else None


class Examples:
    """While it is entered, each example of a test and each state machine starts from the state at which the first one began.

    An example that passes is judged, so that Hypothesis finds the smallest that does not; what others leave is forgotten.
    """

    def __init__(self, judged: Judged, test: Any) -> None:
        self._judged = judged
        self._handle = hypothesis_handle(test)
        self._inner_test = getattr(self._handle, "inner_test", None)
        self._restore: Callable[[], None] | None = None
        self._found_before: list[str] = []
        self._runs = False
        self.is_in_example = False
        """Whether an example of the test itself runs: a state machine is a part of that."""

    def __enter__(self) -> Examples:
        if self._handle:
            self._handle.inner_test = wrap(self._inner_test, lambda: _Example(self))
        _watching.append(self)
        _hook_state_machines()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handle:
            self._handle.inner_test = self._inner_test
        _watching.remove(self)
        _hook_state_machines()
        self._judged.resume(self._found_before)

    def begin(self) -> None:
        """Before an example."""
        found = self._judged.take(unused=False)
        if not self._runs:  # or else it was found in an example that failed or was discarded
            self._found_before += found
        if self._restore is None:
            self._restore = self._judged.checkpoint()
        self._restore()
        self._runs = True

    def end(self, passed: bool) -> None:
        """After an example."""
        __tracebackhide__ = True
        found = self._judged.take()
        self._runs = False
        if found and passed:
            raise AssertionError("\n".join(found))


class _Example:
    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __enter__(self) -> None:
        self._examples.begin()
        self._examples.is_in_example = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self._examples.is_in_example = False
        self._examples.end(passed=kind is None)


_watching: list[Examples] = []


def _hook_state_machines() -> None:
    """Hypothesis makes a state machine for each example, and has no other hook that comes first: so have the metaclass tell.

    The hook is there while somebody watches.
    """
    stateful: Any = sys.modules.get("hypothesis.stateful")
    if stateful is None:
        return
    metaclass = type(stateful.RuleBasedStateMachine)
    hooked = vars(metaclass).get("__call__") is _make_state_machine
    if _watching and not hooked:
        metaclass.__call__ = _make_state_machine
    elif hooked and not _watching:
        del metaclass.__call__


def _make_state_machine(cls: Any, *args: Any, **kwargs: Any) -> Any:
    hypothesis: Any = sys.modules["hypothesis"]
    by_hypothesis = hypothesis.currently_in_test_context()
    watching = [examples for examples in _watching if by_hypothesis and not examples.is_in_example]
    for examples in watching:
        examples.begin()
    machine: Any = type.__call__(cls, *args, **kwargs)
    teardown = machine.teardown

    def judged_teardown() -> None:
        __tracebackhide__ = True
        teardown()
        passed = sys.exc_info()[1] is None
        for examples in reversed(watching):
            examples.end(passed)

    machine.teardown = judged_teardown
    return machine


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
