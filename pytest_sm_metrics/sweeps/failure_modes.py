"""The failure modes: every way in which the two operations can fail, as data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from ..accepted import check
from ..aws.errors import exception_named
from ..faults import delay_calls, fail_calls, fail_queries
from ..service.errors import ERRORS, METRIC_ERRORS, QUERY_STATUSES
from ..service.faults.fault import Fault, Schedule
from ..service.faults.kinds import MetricFault
from ..wording import did_you_mean

MakeFault = Callable[..., Fault]
"""Makes a template; its keywords are `times`, `after` and `optional`."""

_MODEL = "Amazon SageMaker API Reference, BatchPutMetricsError"
_COMMON = "Amazon SageMaker API Reference, Common Errors"
_QUERY = "Amazon SageMaker API Reference, MetricQueryResult"
_NETWORK = "networks fail so, whatever the service does"
_TRANSIENT_ERRORS = (
    "ThrottlingException",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeoutException",
    "RequestAbortedException",
)
_TRANSIENT_METRIC_ERRORS = ("INTERNAL_ERROR", "CONFLICT_ERROR")
_PAGE = b"<html><body><h1>%s</h1></body></html>"
_PAST_ANY_TIMEOUT = 1e6  # seconds


class FailureMode(NamedTuple):
    """One way in which a call can fail."""

    name: str
    """The name, which is part of the id of a test."""
    make: MakeFault
    operation: str
    """The operation that can fail so; `any` for both."""
    transient: bool
    """True if the same request may succeed a moment later, so that an uploader can survive it."""
    meaning: str
    """The effect, for a table."""
    provenance: str
    """`documented`, `observed` or `assumed`."""
    source: str


def _metric_fault(code: str, **schedule: Any) -> Fault:
    """Reject the first metric of a call, so that a match is a call. Any code is accepted."""
    return MetricFault(code, {"index": 0}, Schedule(**schedule))


def _no_answer(name: str, stored: bool = False, **schedule: Any) -> Fault:
    return fail_calls(exception_named(name), stored=stored, **schedule)


def _metrics() -> Iterator[FailureMode]:
    known = dict.fromkeys(METRIC_ERRORS, "documented")
    for code, provenance in {**known, "UNKNOWN_ERROR": "assumed"}.items():
        what = "" if code in METRIC_ERRORS else ": a code that no version of the API has yet"
        yield FailureMode(
            code,
            partial(_metric_fault, code),
            "BatchPutMetrics",
            code in _TRANSIENT_METRIC_ERRORS or code not in METRIC_ERRORS,
            f"HTTP 200; the first metric of the call is in Errors{what}",
            provenance,
            _MODEL,
        )


def _errors() -> Iterator[FailureMode]:
    for code, known in ERRORS.items():
        yield FailureMode(
            code,
            partial(fail_calls, code),
            "any",
            code in _TRANSIENT_ERRORS,
            f"HTTP {known.status}",
            "documented",
            _COMMON,
        )
    yield _assumed(
        "InternalFailure-stored",
        partial(fail_calls, "InternalFailure", stored=True),
        "HTTP 500 after the data was stored",
    )
    for status, words in ((502, b"Bad Gateway"), (504, b"Gateway Timeout")):
        yield _assumed(
            words.decode().replace(" ", ""),
            partial(fail_calls, (status, _PAGE % words)),
            f"HTTP {status} with a page of HTML, from a load balancer or a proxy",
        )


def _connections() -> Iterator[FailureMode]:
    for name, meaning in (
        ("EndpointConnectionError", "no connection: no network, or no such host"),
        ("ConnectTimeoutError", "no connection within `connect_timeout`"),
        ("ReadTimeoutError", "no answer within `read_timeout`; nothing is stored"),
    ):
        yield _assumed(name, partial(_no_answer, name), meaning)
    stored = partial(_no_answer, "ReadTimeoutError", stored=True)
    after = "no answer within `read_timeout`, after the data was stored"
    yield _assumed("ReadTimeoutError-stored", stored, after)
    yield _assumed(
        "ConnectionReset",
        partial(fail_calls, "ConnectionReset"),
        "the connection is reset; nothing is stored",
    )
    yield _assumed(
        "ConnectionReset-stored",
        partial(fail_calls, "ConnectionReset", stored=True),
        "the connection is reset after the data was stored",
    )


def _answers() -> Iterator[FailureMode]:
    yield _assumed(
        "TruncatedBody-stored",
        partial(fail_calls, "TruncatedBody", stored=True),
        "the connection is closed within the body of the answer; the data is stored",
    )
    yield _assumed(
        "TruncatedJSON-stored",
        partial(fail_calls, (200, b'{"Errors": [{"Code": "INTERNAL_ERR'), stored=True),
        "HTTP 200 with half of the JSON; the data is stored",
    )
    yield _assumed(
        "EmptyBody-stored",
        partial(fail_calls, (200, b""), stored=True),
        "HTTP 200 without a body; the data is stored",
    )
    yield _assumed(
        "NotJSON",
        partial(fail_calls, (200, _PAGE % b"Sign in")),
        "HTTP 200 with a page of HTML, from a proxy; nothing is stored",
    )
    yield _assumed("SlowAnswer", partial(delay_calls, 1), "the answer takes a second")
    yield _assumed(
        "SlowAnswer-past-timeout",
        partial(delay_calls, _PAST_ANY_TIMEOUT),
        "the answer takes longer than `read_timeout`; the data is stored",
    )


def _queries() -> Iterator[FailureMode]:
    for status in QUERY_STATUSES:
        lacks = "lacks its last value" if status == "Truncated" else "has no values"
        yield FailureMode(
            f"query-{status}",
            partial(fail_queries, status),
            "BatchGetMetrics",
            status != "ValidationError",
            f"HTTP 200; the result of one query is {status}, and {lacks}",
            "documented",
            _QUERY,
        )


def _assumed(name: str, make: MakeFault, meaning: str) -> FailureMode:
    return FailureMode(name, make, "any", True, meaning, "assumed", _NETWORK)


FAILURE_MODES = {
    mode.name: mode for mode in (*_metrics(), *_errors(), *_connections(), *_answers(), *_queries())
}
"""The failure modes by name."""


def every_fault(
    *,
    only: str | Iterable[str] | None = None,
    without: str | Iterable[str] = (),
    times: int | None = 1,
    after: int | Iterable[int] = 0,
    transient: bool = True,
) -> list[Fault]:
    """Return a template for each way in which SageMaker Metrics can fail.

    They are for `faults=[...]` of `mock_sm_metrics` and of the marker, and for `parametrize`, where
    each has an id that names it:

        @pytest.mark.parametrize("fault", every_fault())
        def test_nothing_is_lost(fault):
            with mock_sm_metrics(faults=[fault]) as sm_metrics:
                upload(curve)
                assert sm_metrics["run-1"]["loss"].values == curve

    - `only`: the names to return, transient or not; None for all.
    - `without`: the names to leave out.
    - `times`: the number of times that each fires; None for every match.
    - `after`: the number of matches that pass first; of several numbers, for example a range, each
      makes a template. A match is an attempt of the client, or a query of BatchGetMetrics.
    - `transient`: True leaves out failures that last, such as AccessDeniedException, which no
      uploader can survive; False keeps them.

    The faults that reject a metric reject the first metric of a call. A fault that never fires does
    not fail the test: see `hits` of `sm_metrics.faults`.

    Raise a ValueError for a name that does not exist, with the nearest, and for a number that is
    not accepted.
    """
    __tracebackhide__ = True
    positions = [after] if isinstance(after, int) else list(after)
    modes = _chosen(only, without, transient)
    check("after", after, bool(positions), "a whole number from 0, or several")
    faults: list[Fault] = []
    for mode in modes:
        for position in positions:
            name = mode.name if isinstance(after, int) else f"{mode.name}-after-{position}"
            fault = mode.make(times=times, after=position, optional=True)
            faults.append(fault.named(name))
    return faults


def _chosen(
    only: str | Iterable[str] | None, without: str | Iterable[str], transient: bool
) -> list[FailureMode]:
    __tracebackhide__ = True
    check("transient", transient, isinstance(transient, bool), "True or False")
    left_out = _names("without", without)
    if only is not None:
        chosen = [FAILURE_MODES[name] for name in _names("only", only) if name not in left_out]
    else:
        chosen = [
            mode
            for mode in FAILURE_MODES.values()
            if mode.name not in left_out and (mode.transient or not transient)
        ]
    if not chosen:
        raise ValueError(f"no failure is left: only={only!r}, without={without!r}.")
    return chosen


def _names(argument: str, given: str | Iterable[str]) -> Collection[str]:
    """Return names of failure modes, each once."""
    __tracebackhide__ = True
    names = list(dict.fromkeys([given] if isinstance(given, str) else given))
    for name in names:
        if name not in FAILURE_MODES:
            raise ValueError(
                f"{argument} names {name!r}, which is no failure of the service"
                f"{did_you_mean(str(name), FAILURE_MODES)} "
                f"The names are: {', '.join(FAILURE_MODES)}."
            )
    return names
