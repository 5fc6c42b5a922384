"""The interface of an operation: a contributor implements it to add one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from .rule import Rule
from .store import Store


class Attempted(Protocol):
    """A call that has arrived."""

    @property
    def body(self) -> bytes:
        """The bytes of the body."""
        ...

    @property
    def region(self) -> str:
        """The region of the client."""
        ...

    @property
    def time(self) -> float:
        """The time of arrival, in seconds since the epoch."""
        ...

    @property
    def trial_component(self) -> str | None:
        """The TrialComponentName as sent."""
        ...

    @property
    def is_contended(self) -> bool:
        """True if another request for the trial component was in flight when it arrived."""
        ...


class Parsed(Protocol):
    """A well-formed request."""

    @property
    def columns(self) -> Mapping[str, Sequence[object]]:
        """The columns that the filters of faults match, by the name of the filter."""
        ...

    def described(self, whole: bool) -> Sequence[str]:
        """Describe each item in a few words; in more words if `whole` is true."""
        ...


class Result(Protocol):
    """The result of a request that was answered with HTTP 200."""

    @property
    def body(self) -> bytes:
        """The body of the answer."""
        ...

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The Errors of the answer."""
        ...

    @property
    def refused(self) -> Sequence[Any]:
        """The metrics that were not stored."""
        ...

    @property
    def summary(self) -> str:
        """A short description for reports; empty if there is nothing to add."""
        ...


class Operation(ABC):
    """An operation: it reads requests, names their trial components, and performs them.

    To add one, write a folder with its rules and a subclass, and list it in `operations.py`.
    """

    name: ClassVar[str]
    """The name of the operation, as AWS spells it."""
    method: ClassVar[str]
    path: ClassVar[str]
    """Source of both: the service model (documented)."""
    item: ClassVar[str]
    """The noun for one item of a request. A fault for items names it, too."""
    rules: ClassVar[tuple[Rule, ...]]
    """The rules about its requests and answers."""
    stores: ClassVar[bool] = False
    """True if its requests store something."""
    is_data_event: ClassVar[bool] = False
    """True if CloudTrail records it as a data event."""

    @abstractmethod
    def parse(self, body: bytes) -> Any:
        """Read the body of a request: return a `Parsed`, or raise RefusedRequestError."""

    @abstractmethod
    def perform(
        self, call: Attempted, parsed: Any, store: Store, injected: Mapping[int, Any]
    ) -> Result:
        """Perform a well-formed request. `injected` has the faults that fire, by item.

        The service calls it under its lock.
        """

    @abstractmethod
    def resource(self, call: Attempted, account_id: str, wanted: object) -> str:
        """Return the ARN that an error message names.

        Of several resources, prefer the trial component of the name `wanted`.
        """

    def trial_component(self, body: bytes, parsed: Any) -> str | None:
        """Return the TrialComponentName as sent; None if its requests have none."""
        return None

    def trial_components(self, trial_component: str | None, body: bytes) -> tuple[str | None, ...]:
        """Return the names of the trial components that a request is about, or `(None,)`."""
        return (trial_component,)
