"""Cases: requests that show whether a service keeps a rule, with the answers that it gives then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple


class Place(NamedTuple):
    """The place of a case: a trial component that holds nothing yet."""

    run: str
    """Its TrialComponentName."""
    arn: str
    now: int
    """The time, in seconds since the epoch: a whole hour that lies some minutes to hours back."""


class RawRequest(NamedTuple):
    """A request as it is sent, whatever a client would say of it."""

    method: str
    path: str
    body: bytes


class Expected(NamedTuple):
    """The answer that keeps the rule. What is None does not matter."""

    status: int
    code: str | None = None
    """The error code in `x-amzn-ErrorType`."""
    body: Any = None
    """The JSON body."""
    message: str | None = None
    """A regular expression for the message of an error."""
    request_id: bool = False
    """True if the header x-amzn-RequestId must be a UUID."""


class Exchange(NamedTuple):
    """A request and its answer."""

    request: RawRequest
    expected: Expected


class Case(NamedTuple):
    """One rule, and the requests that show whether a service keeps it."""

    rule: str
    """The id of the rule."""
    exchanges: Callable[[Place], Sequence[Exchange]] | None
    """Returns the requests in order; None if requests to one endpoint cannot show it."""
    settings: Mapping[str, Any] = MappingProxyType({})
    """The settings that switch the rule on; a service without settings is not asked."""
    why_not: str = ""
    """The reason why there are no requests."""
