"""The active mocks: one record for each, and one stack of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakSet, ref

from ..current_test import current_test
from ..service.journal import Call
from ..service.service import Service
from ..service.store import StoredTrialComponent
from .cloudtrail_calls import TrailListener
from .patches import Patches
from .quotas import Quotas

_ENDED = 20  # mocks of a test that are kept for its report

Refuse = Callable[[str, bytes], Exception]
"""Builds the error for a blocked call from its operation and body."""


@dataclass(eq=False)
class ActiveMock:
    """A mock from its activation on, and all that botocore's hooks need of it."""

    mock: Any
    """The SageMakerMetricsMock."""
    service: Service
    trails: TrailListener
    quotas: Quotas
    scope_rank: int = 0
    """The larger, the wider the scope that shares it; 0 for a mock of no fixture."""
    judged_by: object = None
    """The judge of the tests that use it; None if it judges itself when it is deactivated."""
    fixture: str = ""
    """The name of the fixture that activated it."""
    started_by: Any = None
    """The node of the test, or of the wider fixture, that activated it by itself."""
    number: int = 0
    """Its place among all activations."""
    default_session: Any = None
    """boto3's default session at activation."""
    under_moto: bool = False
    """True if moto was on at activation: moto restores the default session from before."""
    forward_to: str = ""
    """The URL at which this process answers its forked children; empty if it does not."""
    is_forked: bool = False
    """True in a child that was forked while it was on."""
    end: Callable[[], None] | None = None
    """Called once when the mock is deactivated."""
    before_test: tuple[list[Call], int] | None = None
    """The journal at the start of the test, and its length then; None if the mock is younger."""
    metrics_before_test: dict[tuple[str, str], int] = field(default_factory=dict)
    """The number of metrics at the start of the test, by region and trial component."""

    @property
    def calls_before_test(self) -> int:
        """The number of calls that reached it before the test began."""
        journal, count = self.before_test or (None, 0)
        return count if journal is self.service.calls else 0

    def begin_test(self) -> None:
        """Note what the mock holds before a test."""
        self.before_test = (self.service.calls, len(self.service.calls))
        components = self.service.components()
        self.metrics_before_test = {(one.region, one.name): one.count for one in components}

    def metrics_before(self, component: StoredTrialComponent) -> int:
        """Return the number of metrics that a trial component held before the test began."""
        before = self.metrics_before_test.get((component.region, component.name), 0)
        return before if self.calls_before_test and before <= component.count else 0


class Sending(NamedTuple):
    """The request that is being sent in this thread or task."""

    owner: ref[ActiveMock] | None = None
    """The mock whose request it is; None for requests to other services."""
    context: dict[str, Any] | None = None
    """botocore's context of the request, where the prepared request does not carry it."""


@dataclass
class ActiveMocks:
    """The stack of active mocks, and the state of interception that depends on it."""

    stack: list[ActiveMock] = field(default_factory=list)
    """The innermost last."""
    ended: list[ActiveMock] = field(default_factory=list)
    """The mocks of fixtures that were deactivated since the test began."""
    ended_unjudged: deque[ActiveMock] = field(default_factory=lambda: deque(maxlen=_ENDED))
    """The last other mocks that were."""
    left: list[tuple[str, bool]] = field(default_factory=list)
    """The findings of mocks that an exception has left; True for a fault that never fired."""
    is_hidden: Callable[[ActiveMock], bool] | None = None
    """Returns True for a mock that the test does not use, and that does not answer it."""
    refuse: Refuse | None = None
    """Builds the errors of calls outside a mock; None if they are not blocked."""
    allowed_hosts: frozenset[str] = frozenset()
    """Hosts that calls may reach although they are blocked."""
    lock: Any = field(default_factory=threading.RLock)
    sessions: Patches = field(default_factory=Patches)
    """Patches of botocore's sessions."""
    sending: Patches = field(default_factory=Patches)
    """Patches of botocore's HTTP sessions."""
    retries: Patches = field(default_factory=Patches)
    """Patches of botocore's waiting between retries."""
    credentials: Patches = field(default_factory=Patches)
    """Patches of botocore's providers of credentials."""
    hidden_keys: list[str] = field(default_factory=list)
    """The access keys in the environment that clients of this process do not see."""
    sessions_made: WeakSet[Any] = field(default_factory=WeakSet)
    """botocore's sessions that were made while a mock was on."""
    is_registered: bool = False
    """True once botocore's emitters have the handlers."""
    _interception: Any = None
    _activations: int = 0

    def release_lock(self) -> None:
        """Release the lock as often as this thread holds it: an interruption may leave it held."""
        while self.lock._is_owned():
            self.lock.release()

    @property
    def interception(self) -> Any:
        """The module `interception`, imported once: a test may make `sys.modules` forget it."""
        if self._interception is None:
            from . import interception

            self._interception = interception
        return self._interception

    @property
    def innermost(self) -> ActiveMock | None:
        """The mock that answers; None if none is on."""
        if self.is_hidden is None:
            return self.stack[-1] if self.stack else None
        return next((one for one in reversed(self.stack) if not self.is_hidden(one)), None)

    def push(self, record: ActiveMock) -> ActiveMock | None:
        """Put a mock on the stack, outside those of narrower scopes. Return the next one inside it.

        A fixture that many tests share may be set up late, inside the mock of one test.
        """
        self._activations += 1
        record.number = self._activations
        if record.judged_by is None:
            record.started_by = current_test.owner
        narrower = (
            index
            for index, other in enumerate(self.stack)
            if 0 < other.scope_rank < record.scope_rank
        )
        index = next(narrower, len(self.stack))
        inner = self.stack[index] if index < len(self.stack) else None
        self.stack.insert(index, record)
        return inner

    def inside(self, record: ActiveMock) -> list[ActiveMock]:
        """Return the mocks inside another one."""
        return self.stack[self.stack.index(record) + 1 :]

    def remove(self, record: ActiveMock) -> None:
        """Remove a mock, wherever it stands, and keep it for the reports of the test."""
        self.stack.remove(record)
        if record.judged_by is not None:
            self.ended.append(record)
        elif current_test.name is not None:
            self.ended_unjudged.append(record)

    def find(self, mock: object) -> ActiveMock | None:
        """Return the record of a mock; None if it is not active."""
        return next((record for record in self.stack if record.mock is mock), None)

    def require(self, service: Service, use: str) -> None:
        """Raise a RuntimeError for a use of a mock that is off, by its service."""
        __tracebackhide__ = True
        if not any(record.service is service for record in self.stack):
            raise RuntimeError(
                f"{use} has no effect: the mock is off, and no call reaches it any more. Do this "
                "while it is on: within its block, before stop(), or in the test of its fixture."
            )

    def begin_test(self) -> None:
        """Note what shared mocks hold before a test, and restore clients' retry quotas."""
        with self.lock:
            self.ended.clear()
            self.ended_unjudged.clear()
            self.left.clear()
            for record in self.stack:
                record.begin_test()
                record.quotas.restore_all()

    def of_this_test(self) -> list[ActiveMock]:
        """Return the mocks that were active during the test, in order of activation."""
        with self.lock:
            seen = [*self.stack, *self.ended, *self.ended_unjudged]
            return sorted(seen, key=lambda record: record.number)


_NO_REQUEST = Sending()

active = ActiveMocks()
entered: ContextVar[tuple[ActiveMock, ...]] = ContextVar(
    "mocks entered in this context", default=()
)
sending: ContextVar[Sending] = ContextVar("request being sent", default=_NO_REQUEST)
