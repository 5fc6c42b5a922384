"""Switching a mock on and off: `with`, `async with`, start and stop, and as a decorator."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, overload

from . import running
from . import settings as known_settings
from .decorating import decorate
from .mock import SageMakerMetricsMock
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from typing_extensions import Unpack

    from .findings import TurnedOffBy
    from .service.journal import Call
    from .settings import SettingsKeywords

_Decorated = TypeVar("_Decorated", bound="Callable[..., Any]")
_NOTHING: Any = object()
_entered_here: ContextVar[tuple[SageMakerMetricsMock, ...]] = ContextVar(
    "the mocks that this task or thread has entered", default=()
)


class Activation:
    """What `mock_sm_metrics(...)` makes: it switches mocks on, each of them empty."""

    def __init__(self, given: Mapping[str, Any], test: str = "") -> None:
        known_settings.check(given)
        self._given = given
        self._test = test
        """The name of the test, for where no pytest runs it."""
        self._entered: list[SageMakerMetricsMock] = []

    def start(self) -> SageMakerMetricsMock:
        """Switch a new mock on."""
        return switch_on(self._given, running.test or self._test, _turned_off_by_keyword)

    def __enter__(self) -> SageMakerMetricsMock:
        mock = self.start()
        self._entered.append(mock)
        active = active_mocks()
        _entered_here.set(tuple(other for other in (*_entered_here.get(), mock) if other in active))
        return mock

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        here = _entered_here.get()
        mock = next((mock for mock in reversed(here) if mock in self._entered), self._entered[-1])
        self._entered.remove(mock)
        _entered_here.set(tuple(other for other in here if other is not mock))
        switch_off(mock)
        if kind is None:
            mock.check()

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
def mock_sm_metrics(target: Any = _NOTHING, /, **settings: Any) -> Any:
    """Stand in for Amazon SageMaker Metrics: a context manager, a decorator, or something to start.

    `with mock_sm_metrics(metric_limit=100) as sm_metrics: ...`, `async with` too; `@mock_sm_metrics` or
    `@mock_sm_metrics(metric_limit=100)` before a function, an async function, a `unittest.TestCase` (a new mock for each test,
    its `setUp` included) or a class with methods named `test*`, where `current()` is the mock;
    `sm_metrics = mock_sm_metrics().start()` and later `sm_metrics.stop()`. Each activation begins empty.

    The keywords are the settings: a TypeError for an unknown name, a ValueError for a value that is not accepted.
    """
    activation = Activation(settings)
    return activation if target is _NOTHING else activation(target)


def switch_on(
    given: Mapping[str, Any], node_id: str, turned_off_by: TurnedOffBy, width: int = 0
) -> SageMakerMetricsMock:
    """Switch a new mock on, inside those of a greater width and outside those of a smaller one, if theirs is not 0."""
    from .aws import interception

    mock = SageMakerMetricsMock(Settings.of(given), node_id, turned_off_by)
    interception.switch_on(mock, mock._service, width)
    if running.test is not None:
        running.mocks.append(mock)
        del running.mocks[:-20]
    return mock


def switch_off(mock: SageMakerMetricsMock) -> None:
    """Switch a mock off, and judge nothing."""
    from .aws import interception

    mock._service.injection.release()
    interception.switch_off(mock)


def begin_test() -> dict[SageMakerMetricsMock, tuple[list[Call], int]]:
    """Shared mocks meet another test: clients have their quotas of retries again. Their journals, and how many calls stand in them."""
    from .aws import interception

    interception.give_back()
    return {mock: (mock._service.calls, len(mock.calls)) for mock in interception.owners()}


def active_mocks() -> list[SageMakerMetricsMock]:
    """The mocks that are on, the innermost last."""
    from .aws import interception

    return interception.owners()


def current() -> SageMakerMetricsMock:
    """The innermost mock that is on; a RuntimeError where none is."""
    mocks = active_mocks()
    if not mocks:
        raise RuntimeError(
            "no mock of SageMaker Metrics is on: ask for the fixture sm_metrics, or enter mock_sm_metrics()"
        )
    return mocks[-1]


def _turned_off_by_keyword(name: str, value: str) -> str:
    return f'mock_sm_metrics({name}="{value}")'
