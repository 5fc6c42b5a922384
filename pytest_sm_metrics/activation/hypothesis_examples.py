"""Examples of Hypothesis: each starts from the same state, and is judged by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol

from ..aws.patches import Patches
from ..mock import SageMakerMetricsMock
from ..wording import printable_lines
from .wrapping import wrap

_SETTINGS = "_hypothesis_internal_use_settings"  # where `@settings` puts them


class Judged(Protocol):
    """The state that examples change, and the findings in it."""

    def take(self, unused: bool = True) -> list[str]:
        """Return and clear the messages that fail the test.

        `unused`: include faults that have not fired by now.
        """
        ...

    def keep(self, found: list[str]) -> None:
        """Return these messages with the next ones."""
        ...

    def begin_examples(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return two functions: one restores the present state, one ends the examples."""
        ...


class JudgedMock:
    """One mock as what examples change."""

    def __init__(self, mock: SageMakerMetricsMock) -> None:
        self._mock = mock
        self.take = mock._findings.take
        self.keep = mock._findings.keep

    def begin_examples(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return two functions: one restores the present state, one ends the examples."""
        restore = self._mock._snapshot()
        self._mock._findings.begin_examples()
        return restore, self._mock._findings.end_examples


def hypothesis_handle(function: Any) -> Any:
    """Return the holder of the function that Hypothesis calls for examples, or None.

    Source: https://hypothesis.readthedocs.io, "Custom function execution": `inner_test` may be
    replaced.
    """
    handle = getattr(function, "hypothesis", None)
    return handle if hasattr(handle, "inner_test") else None


class Examples:
    """A context in which each example and each state machine starts from the same state.

    That is the state at which the first one began. An example that passes is judged, so that
    Hypothesis finds the smallest that fails; the findings of others are dropped.
    """

    def __init__(self, judged: Judged, test: Any) -> None:
        self._judged = judged
        self._handle = hypothesis_handle(test)
        self._inner_test = getattr(self._handle, "inner_test", None)
        self._restore: Callable[[], None] | None = None
        self._end_examples: Callable[[], None] | None = None
        self._found_before: list[str] = []
        self._is_running = False
        self._patches = Patches()
        self.is_in_example = False
        """True while an example of the test itself runs: a state machine is a part of that."""

    def __enter__(self) -> Examples:
        if self._handle:
            self._handle.inner_test = wrap(self._inner_test, lambda: _Example(self))
        self._watch_state_machines()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handle:
            self._handle.inner_test = self._inner_test
        self._patches.restore()
        self._judged.keep(self._found_before)
        if self._end_examples:
            self._end_examples()

    def begin(self) -> None:
        """Begin an example."""
        found = self._judged.take(unused=False)
        if not self._is_running:  # else it was found in an example that failed or was discarded
            self._found_before += found
        if self._restore is None:
            self._restore, self._end_examples = self._judged.begin_examples()
        self._restore()
        self._is_running = True

    def end(self, passed: bool) -> None:
        """End an example; raise an AssertionError for what is found in one that passed."""
        __tracebackhide__ = True
        found = self._judged.take()
        self._is_running = False
        if found and passed:
            raise AssertionError(printable_lines("\n".join(found)))

    def _watch_state_machines(self) -> None:
        """Begin an example whenever Hypothesis makes a state machine: no other hook comes first."""
        stateful: Any = sys.modules.get("hypothesis.stateful")
        if stateful is None:
            return
        metaclass = type(stateful.RuleBasedStateMachine)
        if "__call__" in vars(metaclass):  # that of an outer `Examples`
            self._patches.replace(metaclass, "__call__", self._machine_maker)
        else:
            self._patches.add(metaclass, "__call__", self._machine_maker(type.__call__))

    def _machine_maker(self, original: Any) -> Any:
        def make_machine(cls: Any, *args: Any, **kwargs: Any) -> Any:
            hypothesis: Any = sys.modules["hypothesis"]
            if self.is_in_example or not hypothesis.currently_in_test_context():
                return original(cls, *args, **kwargs)
            self.begin()
            machine: Any = original(cls, *args, **kwargs)
            teardown = machine.teardown

            def judged_teardown() -> None:
                __tracebackhide__ = True
                teardown()
                self.end(passed=sys.exc_info()[1] is None)

            machine.teardown = judged_teardown
            return machine

        return make_machine


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


@contextmanager
def function_scope_allowed(test: Any, others: Sequence[str]) -> Generator[None]:
    """Let Hypothesis accept a mock of function scope: it starts clean in each example.

    `others`: other fixtures of that scope. Raise Hypothesis's error for the first, as Hypothesis
    may do for the mock.
    """
    __tracebackhide__ = True
    if hypothesis_handle(test) is None:
        yield
        return
    hypothesis: Any = sys.modules["hypothesis"]
    function = getattr(test, "__func__", test)
    own = vars(function).get(_SETTINGS)
    given = own or hypothesis.settings.default
    check = hypothesis.HealthCheck.function_scoped_fixture
    if others and check not in given.suppress_health_check:
        raise hypothesis.errors.FailedHealthCheck(
            f"{function.__qualname__} uses a function-scoped fixture {others[0]!r}. It is not "
            "reset between the examples of @given, as a mock of SageMaker Metrics is. If the test "
            "works all the same, suppress this health check: "
            "@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])"
        )
    suppressed = {*given.suppress_health_check, check}
    setattr(function, _SETTINGS, hypothesis.settings(given, suppress_health_check=suppressed))
    try:
        yield
    finally:
        if own is None:
            delattr(function, _SETTINGS)
        else:
            setattr(function, _SETTINGS, own)
