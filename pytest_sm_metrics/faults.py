"""Faults as users make them: functions for templates, and the same as methods of a mock, which put them in force."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

from .accepted import check, is_number, is_whole
from .service.errors import ERRORS, METRIC_ERRORS, QUERY_STATUSES
from .service.faults.fault import Fault, Schedule
from .service.faults.filters import Filter, NumberFilter
from .service.faults.held_calls import HeldCalls
from .service.faults.kinds import CallFault, Delay, MetricFault, QueryFault, exception_of
from .service.operations import check_operation
from .service.service import Service
from .wording import did_you_mean

Arguments = ParamSpec("Arguments")
AnyFault = TypeVar("AnyFault", bound=Fault)


def fail_metrics(
    code: str,
    *,
    trial_component: Filter[str] = None,
    region: Filter[str] = None,
    metric_name: Filter[str] = None,
    step: NumberFilter = None,
    index: NumberFilter = None,
    times: int | None = None,
    after: int = 0,
    probability: float = 1.0,
    optional: bool = False,
) -> Fault:
    """Refuse metrics: HTTP 200 and an entry in Errors with this code; the other metrics of the call are stored.

    `code`: METRIC_LIMIT_EXCEEDED, INTERNAL_ERROR, VALIDATION_ERROR or CONFLICT_ERROR (documented: BatchPutMetricsError).

    Filters take a value, a compiled regular expression (searched) or a predicate; None is any: the trial component, the region, the
    MetricName, the Step, and `index`, the place in MetricData from 0. Every metric that passes them is a match. It fires `times` times
    (None: at every match), once `after` matches have passed, each time with the `probability`, which depends on the seed, the test
    and the attempt alone. One that never fires fails the test, unless it is `optional`.

    A ValueError for what is not accepted.
    """
    __tracebackhide__ = True
    if code not in METRIC_ERRORS:
        raise ValueError(
            f"unknown code {code!r} of a metric{_near(code, METRIC_ERRORS)} The codes are: {', '.join(METRIC_ERRORS)}."
        )
    filters = {
        "trial_component": trial_component,
        "region": region,
        "metric_name": metric_name,
        "step": step,
        "index": index,
    }
    return MetricFault(code, filters, Schedule(times, after, probability, optional))


def fail_calls(
    error: Any,
    *,
    operation: Filter[str] = None,
    trial_component: Filter[str] = None,
    region: Filter[str] = None,
    times: int | None = None,
    after: int = 0,
    probability: float = 1.0,
    message: str | None = None,
    stored: bool = False,
    optional: bool = False,
) -> Fault:
    """Fail whole calls. Each of botocore's retries is a match of its own.

    `error`: an error code that the service can answer, as `"ThrottlingException"`; `(status, code)`; `(status, bytes)`, a raw
    answer; or an exception type or instance of botocore's, as `ConnectTimeoutError`: no answer at all. `message`: that of the error, in
    place of AWS's. `stored=True`: the data is stored all the same, and only the answer is lost. Filters and the rest: as `fail_metrics`
    has them.

    A ValueError for what is not accepted.
    """
    __tracebackhide__ = True
    _check_error(error)
    has_message = isinstance(error, str) or (isinstance(error, tuple) and isinstance(error[1], str))
    check(
        "message",
        message,
        message is None or (isinstance(message, str) and has_message),
        "None, or a string with an error code",
    )
    check("stored", stored, isinstance(stored, bool), "True or False")
    filters = _call_filters(operation, trial_component, region)
    return CallFault(
        error,
        filters,
        Schedule(times, after, probability, optional),
        message=message,
        stored=stored,
    )


def fail_queries(
    status: str,
    *,
    metric_name: Filter[str] = None,
    trial_component: Filter[str] = None,
    region: Filter[str] = None,
    times: int | None = None,
    after: int = 0,
    probability: float = 1.0,
    message: str | None = None,
    optional: bool = False,
) -> Fault:
    """Have queries of BatchGetMetrics fail: HTTP 200 and a result with this Status; the other queries of the call are answered.

    `status`: InternalError or ValidationError, without values; or Truncated, without the last value (the setting `query_limit` has
    every long result truncated). Source: MetricQueryResult (documented). `message`: that of the result.

    Filters look at the single query: its MetricName, and the name and the region in its ResourceArn. Every query that passes them is a
    match. Filters and the rest: as `fail_metrics` has them.

    A ValueError for what is not accepted.
    """
    __tracebackhide__ = True
    if not isinstance(status, str) or status not in QUERY_STATUSES:
        near = _near(status, QUERY_STATUSES)
        raise ValueError(
            f"unknown status {status!r} of a query that fails{near} The statuses are: {', '.join(QUERY_STATUSES)}."
        )
    check("message", message, message is None or isinstance(message, str), "None, or a string")
    filters = {"metric_name": metric_name, "trial_component": trial_component, "region": region}
    return QueryFault(
        status, filters, Schedule(times, after, probability, optional), message=message
    )


def delay_calls(
    seconds: float,
    *,
    operation: Filter[str] = None,
    trial_component: Filter[str] = None,
    region: Filter[str] = None,
    times: int | None = None,
    after: int = 0,
    probability: float = 1.0,
    optional: bool = False,
) -> Fault:
    """Have calls take long, in simulated time: none passes. Delays add up.

    Past the client's own `read_timeout` the service has taken the data, and the client gets a ReadTimeoutError in place of the
    answer. Filters and the rest: as `fail_calls` has them.

    A ValueError for what is not accepted.
    """
    __tracebackhide__ = True
    check("seconds", seconds, is_number(seconds) and seconds >= 0, "a number from 0")
    return Delay(
        seconds,
        _call_filters(operation, trial_component, region),
        Schedule(times, after, probability, optional),
    )


def hold_calls(
    *,
    operation: Filter[str] = None,
    trial_component: Filter[str] = None,
    region: Filter[str] = None,
    times: int | None = None,
    after: int = 0,
    probability: float = 1.0,
    optional: bool = False,
    timeout: float = 5,
) -> HeldCalls:
    """Hold calls in flight until the block ends: `with sm_metrics.hold_calls() as held: ...; held.wait(n=2)`.

    They have arrived and are not answered: a call that arrives meanwhile is in flight together with them. Make them in other threads
    or tasks. One that is held longer than `timeout` seconds (real time) raises a RuntimeError. Filters and the rest: as `fail_calls`
    has them.

    A ValueError for what is not accepted.
    """
    __tracebackhide__ = True
    return HeldCalls(
        None,
        _call_filters(operation, trial_component, region),
        Schedule(times, after, probability, optional),
        timeout=timeout,
    )


def _call_filters(
    operation: Filter[str], trial_component: Filter[str], region: Filter[str]
) -> dict[str, Any]:
    __tracebackhide__ = True
    if isinstance(operation, str):
        check_operation(operation)
    return {"operation": operation, "trial_component": trial_component, "region": region}


def _near(given: object, known: Iterable[str]) -> str:
    """The end of the sentence about a code or status that is not known, or that another function takes."""
    for function, takes in (
        ("fail_metrics", METRIC_ERRORS),
        ("fail_queries", QUERY_STATUSES),
        ("fail_calls", ERRORS),
    ):
        if isinstance(given, str) and given in takes:
            return f"; {function}({given!r}) takes it."
    return did_you_mean(str(given), known)


def _check_error(error: Any) -> None:
    __tracebackhide__ = True
    known = "the codes are: " + ", ".join(ERRORS)
    if isinstance(error, str):
        if error not in ERRORS:
            raise ValueError(
                f"unknown error code {error!r}{_near(error, ERRORS)} To answer any other: (status, code); {known}."
            )
        return
    if isinstance(error, tuple):
        status, what = error if len(error) == 2 else (0, None)
        least = 200 if isinstance(what, bytes) else 400
        if (
            is_whole(status, least)
            and status <= 599
            and (isinstance(what, bytes) or _is_code(what))
        ):
            return
    if _is_botocores(error):
        return
    raise ValueError(
        f"error is {error!r}; accepted is an error code, (status from 400 to 599, code), (status from 200 to 599, bytes), or an exception "
        "type or instance of botocore's own, as botocore.exceptions.ConnectTimeoutError (a ClientError is what botocore makes of an error "
        f"code); {known}."
    )


def _is_code(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w.:#-]+", value, re.ASCII) is not None


def _is_botocores(error: object) -> bool:
    kind = error if isinstance(error, type) else type(error)
    bases = [base.__name__ for base in kind.__mro__ if base.__module__ == "botocore.exceptions"]
    if kind.__module__ != "botocore.exceptions" or "BotoCoreError" not in bases[1:]:
        return False
    try:
        exception_of(error, "")
    except Exception:  # it is made of more than its message
        return False
    return True


def _in_force(
    make: Callable[Arguments, AnyFault],
) -> Callable[Concatenate[Injects, Arguments], AnyFault]:
    def add(self: Injects, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> AnyFault:
        __tracebackhide__ = True
        return self._service.injection.add(make(*args, **kwargs))

    signature = inspect.signature(make)
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    described: Any = add
    described.__signature__ = signature.replace(
        parameters=[self_parameter, *signature.parameters.values()]
    )
    add.__name__, add.__doc__ = make.__name__, make.__doc__
    return add


class Injects:
    """Injects faults into the answers of a service."""

    _service: Service

    fail_metrics = _in_force(fail_metrics)
    fail_calls = _in_force(fail_calls)
    fail_queries = _in_force(fail_queries)
    delay_calls = _in_force(delay_calls)
    hold_calls = _in_force(hold_calls)

    @property
    def faults(self) -> list[Fault]:
        """Those in force, in the order in which they were added."""
        return list(self._service.injection.in_force)
