"""The functions that make faults.

Imported from the package, they make templates for `faults=[...]`. As methods of a mock, they put
the fault in force at once.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

from .accepted import NotAcceptedError, check, is_number, is_whole
from .aws.active import active
from .aws.errors import exception_named
from .service.errors import ERRORS, METRIC_ERRORS, QUERY_STATUSES, SOCKET_FAILURES
from .service.faults.fault import Fault, Schedule
from .service.faults.filters import Filter, NumberFilter
from .service.faults.held_calls import HeldCalls
from .service.faults.kinds import CallFault, Delay, MetricFault, QueryFault, exception_of
from .service.operations import check_operation
from .service.service import Service
from .wording import did_you_mean

Arguments = ParamSpec("Arguments")
AnyFault = TypeVar("AnyFault", bound=Fault)

_CALL_ERRORS = (*ERRORS, *SOCKET_FAILURES)


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
    """Reject metrics: HTTP 200, with an entry in Errors. The other metrics of the call are stored.

    `code` is METRIC_LIMIT_EXCEEDED, INTERNAL_ERROR, VALIDATION_ERROR or CONFLICT_ERROR
    (documented: BatchPutMetricsError).

    Filters select the metrics:

    - `trial_component`, `region` and `metric_name`: a string, a compiled regular expression (it is
      searched) or a predicate.
    - `step`, and `index` (the position in MetricData, from 0): a number or a predicate.

    A filter that is None matches anything. A metric that passes all filters is a match.

    The other arguments say which matches the fault fires at:

    - `after`: the number of matches that pass first.
    - `times`: the number of times that the fault fires; None for every match.
    - `probability`: the chance that it fires at a match. The same seed, test and attempt always
      have the same result.
    - `optional`: a fault that never fires fails the test, unless this is True.

    Raise a ValueError for an argument that is not accepted.
    """
    __tracebackhide__ = True
    if code not in METRIC_ERRORS:
        raise ValueError(
            f"unknown code {code!r} of a metric{_near(code, METRIC_ERRORS)} "
            f"The codes are: {', '.join(METRIC_ERRORS)}."
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
    """Fail whole calls. Each retry of botocore's is a separate match.

    `error` is one of these:

    - an error code of the service, for example `"ThrottlingException"`;
    - `(status, code)`, for any other error;
    - `(status, bytes)`, for a raw answer;
    - an exception type or instance of botocore's, for example `ConnectTimeoutError`: the client
      gets no answer;
    - `"ConnectionReset"`, `"TruncatedBody"` or `"NoAnswer"`, a failure of the connection. Over HTTP
      it happens on the socket. In process the client gets a ConnectionClosedError, another
      ConnectionClosedError, or a ReadTimeoutError.

    `message` replaces AWS's message of the error. With `stored=True`, the data is stored, and only
    the answer is lost.

    The filters are `operation`, `trial_component` and `region`: a string, a compiled regular
    expression (it is searched) or a predicate; None matches anything. For `times`, `after`,
    `probability` and `optional`, see `fail_metrics`.

    Raise a ValueError for an argument that is not accepted.
    """
    __tracebackhide__ = True
    _check_error(error)
    has_message = error in ERRORS if isinstance(error, str) else _has_code(error)
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
    """Fail queries of BatchGetMetrics: HTTP 200, and this Status. The other queries are answered.

    `status` is InternalError or ValidationError, for a result without values; or Truncated, for a
    result without its last value (the setting `query_limit` truncates all long results). Source:
    MetricQueryResult (documented). `message` is the message of the result.

    Filters select single queries: `metric_name`, and `trial_component` and `region` in the
    ResourceArn. Each is a string, a compiled regular expression (it is searched) or a predicate;
    None matches anything. For `times`, `after`, `probability` and `optional`, see `fail_metrics`.

    Raise a ValueError for an argument that is not accepted.
    """
    __tracebackhide__ = True
    if not isinstance(status, str) or status not in QUERY_STATUSES:
        near = _near(status, QUERY_STATUSES)
        raise ValueError(
            f"unknown status {status!r} of a query that fails{near} "
            f"The statuses are: {', '.join(QUERY_STATUSES)}."
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
    """Delay calls by a number of seconds. The time is simulated: the test does not wait.

    Several delays of one call add up. If the sum exceeds the client's `read_timeout`, the service
    stores the data, and the client gets a ReadTimeoutError instead of the answer.

    For the filters, see `fail_calls`. For `times`, `after`, `probability` and `optional`, see
    `fail_metrics`.

    Raise a ValueError for an argument that is not accepted.
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
    """Hold calls in flight until a `with` block ends: they have arrived, and have no answer yet.

    Make the calls in other threads or tasks than the block:

        with sm_metrics.hold_calls(trial_component="run-1") as held:
            ...  # start two threads that put metrics
            held.wait(n=2)

    A call that is held for more than `timeout` seconds (real time) raises a RuntimeError.

    For the filters, see `fail_calls`. For `times`, `after`, `probability` and `optional`, see
    `fail_metrics`.

    Raise a ValueError for an argument that is not accepted.
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
    """Return the end of a sentence about an unknown code or status.

    It names the function that accepts it, or else the nearest known code or status.
    """
    accepting: dict[str, Iterable[str]] = {
        "fail_metrics": METRIC_ERRORS,
        "fail_queries": QUERY_STATUSES,
        "fail_calls": _CALL_ERRORS,
    }
    for function, accepted in accepting.items():
        if isinstance(given, str) and given in accepted:
            return f"; {function} takes it."
    return did_you_mean(str(given), known)


def _check_error(error: Any) -> None:
    __tracebackhide__ = True
    if isinstance(error, str):
        check_error_code(error, "pass the class botocore.exceptions.{name}", "(status, code)")
    elif not (_is_answer(error) or _is_botocores(error)):
        raise NotAcceptedError(
            "error",
            error,
            "an error code, (status from 400 to 599, code), (status from 200 to 599, bytes), or an "
            "exception type or instance of botocore's, as botocore.exceptions.ConnectTimeoutError "
            f"(for a ClientError, use its error code); the codes are: {', '.join(_CALL_ERRORS)}",
        )


def check_error_code(error: str, for_exception: str, for_others: str) -> None:
    """Raise a ValueError for an unknown error code of a call.

    `for_exception` is the advice for the name of an exception of botocore's, and `for_others` the
    form of an error with any other code.
    """
    __tracebackhide__ = True
    if error in _CALL_ERRORS:
        return
    exception = exception_named(error)
    hint = _near(error, _CALL_ERRORS)
    if exception is not None and _is_botocores(exception):
        hint = f", which is an exception: {for_exception.format(name=error)}."
    raise ValueError(
        f"unknown error code {error!r}{hint} For any other code: {for_others}; "
        f"the codes are: {', '.join(_CALL_ERRORS)}."
    )


def _has_code(error: object) -> bool:
    return isinstance(error, tuple) and isinstance(error[1], str)


def _is_answer(error: object) -> bool:
    if not isinstance(error, tuple) or len(error) != 2:
        return False
    status, what = error
    if isinstance(what, bytes):
        return is_whole(status, 200, 599)
    return is_whole(status, 400, 599) and _is_code(what)


def _is_code(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w.:#-]+", value, re.ASCII) is not None


def _is_botocores(error: object) -> bool:
    kind = error if isinstance(error, type) else type(error)
    bases = [base.__name__ for base in kind.__mro__ if base.__module__ == "botocore.exceptions"]
    if kind.__module__ != "botocore.exceptions" or "BotoCoreError" not in bases[1:]:
        return False
    try:
        exception_of(error, "")
    except Exception:  # its arguments are unknown
        return False
    return True


def _in_force(
    make: Callable[Arguments, AnyFault],
) -> Callable[Concatenate[Injects, Arguments], AnyFault]:
    def add(self: Injects, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> AnyFault:
        __tracebackhide__ = True
        fault = make(*args, **kwargs)
        active.require(self._service, f"{make.__name__}(...)")
        return self._service.injection.add(fault)

    signature = inspect.signature(make)
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    described: Any = add
    described.__signature__ = signature.replace(
        parameters=[self_parameter, *signature.parameters.values()]
    )
    add.__name__, add.__doc__ = make.__name__, make.__doc__
    return add


class Injects:
    """The part of a mock that injects faults into the answers of its service."""

    @property
    def _service(self) -> Service:
        raise NotImplementedError

    fail_metrics = _in_force(fail_metrics)
    fail_calls = _in_force(fail_calls)
    fail_queries = _in_force(fail_queries)
    delay_calls = _in_force(delay_calls)
    hold_calls = _in_force(hold_calls)

    @property
    def faults(self) -> list[Fault]:
        """The faults in force, in the order in which they were added."""
        return list(self._service.injection.in_force)
