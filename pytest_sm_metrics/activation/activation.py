"""Activation: mocks are activated and deactivated, with `with`, `async with`, start and stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..aws.active import ActiveMock, active, entered
from ..current_test import current_test
from ..mock import SageMakerMetricsMock
from ..settings import Settings, check_settings
from .decorator import decorate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from typing_extensions import Unpack

    from ..asserting.findings import OptOutHint
    from ..settings_keywords import SettingsKeywords

_Decorated = TypeVar("_Decorated", bound="Callable[..., Any]")
_NO_TARGET: Any = object()


class Activation:
    """A set of settings that activates empty mocks. `mock_sm_metrics(...)` makes it."""

    def __init__(self, given: Mapping[str, Any], test: str = "") -> None:
        check_settings(given)
        self._given = given
        self._test = test
        """The name of the test, where no pytest runs it."""
        self._entered: list[ActiveMock] = []
        self._started: list[ActiveMock] = []
        self._was_started = False

    def start(self) -> SageMakerMetricsMock:
        """Activate a new mock."""
        mock = self._activate(self._started.append)
        self._was_started = True
        return mock

    def stop(self) -> None:
        """Stop the mock that was started last, as its own `stop()` does.

        Raise a RuntimeError if none was started, or if all of them are stopped already.
        """
        __tracebackhide__ = True
        if not self._started:
            raise RuntimeError(
                "stop() was called again: every mock that start() has activated is stopped already"
                if self._was_started
                else "stop() was called before start()"
            )
        self._started.pop().mock.stop()

    def _activate(self, note: Callable[[ActiveMock], None]) -> SageMakerMetricsMock:
        test = current_test.name or self._test
        mock: SageMakerMetricsMock = activate(self._given, test, _keyword_hint, note).mock
        return mock

    def __enter__(self) -> SageMakerMetricsMock:
        return self._activate(self._note_entered)

    def _note_entered(self, record: ActiveMock) -> None:
        still_on = [other for other in entered.get() if other in active.stack]
        entered.set((*still_on, record))
        self._entered.append(record)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            __tracebackhide__ = True
            record = self._entered_here()
            deactivate(record)
            self._entered.remove(record)
            entered.set(tuple(other for other in entered.get() if other is not record))
        except BaseException:  # an interruption: finish first
            for unfinished in self._entered[-1:]:
                deactivate(unfinished)
            raise
        record.mock._judge(kind)

    def _entered_here(self) -> ActiveMock:
        """Return the mock to leave: several tasks or threads may have entered the same object."""
        mine = [record for record in entered.get() if record in self._entered]
        return mine[-1] if mine else self._entered[-1]

    async def __aenter__(self) -> SageMakerMetricsMock:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.__exit__(kind, error, traceback)

    def __call__(self, target: _Decorated) -> _Decorated:
        """Decorate a function, an async function or a class."""
        decorated: _Decorated = decorate(target, lambda test: Activation(self._given, test))
        return decorated


@overload
def mock_sm_metrics(target: _Decorated, /) -> _Decorated: ...
@overload
def mock_sm_metrics(**settings: Unpack[SettingsKeywords]) -> Activation: ...
def mock_sm_metrics(target: Any = _NO_TARGET, /, **settings: Any) -> Any:
    """Stand in for Amazon SageMaker Metrics: as a context manager, a decorator, or with `start()`.

    - `with mock_sm_metrics(metric_limit=100) as sm_metrics: ...`, and `async with`.
    - `@mock_sm_metrics` or `@mock_sm_metrics(metric_limit=100)` on a function, an async function, a
      `unittest.TestCase` (a new mock for each test, its `setUp` included) or a class with methods
      named `test*`. `current()` returns the mock.
    - `sm_metrics = mock_sm_metrics().start()`, and later `sm_metrics.stop()`.

    Each activation starts empty. The keywords are the settings: a TypeError for an unknown name, a
    ValueError for a value that is not accepted.
    """
    activation = Activation(settings)
    return activation if target is _NO_TARGET else activation(target)


def activate(
    given: Mapping[str, Any],
    node_id: str,
    opt_out_hint: OptOutHint,
    note: Callable[[ActiveMock], None] | None = None,
    **more: Any,
) -> ActiveMock:
    """Activate a new mock: outside those of narrower scopes, inside all others.

    `note` is called with its record; `more` are other fields of the record. If an interruption
    (Ctrl-C) comes before it returns, no mock stays active.
    """
    settings = Settings.of(given)
    record = SageMakerMetricsMock(settings, node_id, opt_out_hint)._record(**more)
    try:
        active.interception.activate(record)
        if settings.child_processes == "answer":
            from .child_processes import answer_child_processes

            record.forward_to, record.end = answer_child_processes()
        if note:
            note(record)
        return record
    except BaseException:
        deactivate(record)
        raise


def deactivate(record: ActiveMock) -> None:
    """Deactivate a mock without judging it."""
    record.service.injection.release()
    active.interception.deactivate(record.mock)


def active_mocks() -> list[SageMakerMetricsMock]:
    """Return the active mocks, the innermost last."""
    with active.lock:
        return [record.mock for record in active.stack]


def current() -> SageMakerMetricsMock:
    """Return the innermost active mock; raise a RuntimeError if none is active."""
    innermost = active.innermost
    if innermost is None:
        raise RuntimeError(
            "no mock of SageMaker Metrics is on: ask for the fixture sm_metrics, or enter "
            "mock_sm_metrics()"
        )
    mock: SageMakerMetricsMock = innermost.mock
    return mock


def _keyword_hint(name: str, value: str) -> str:
    return f'mock_sm_metrics({name}="{value}")'
