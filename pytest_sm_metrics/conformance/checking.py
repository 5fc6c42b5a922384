"""The check of a service: each case is sent, and its answers are compared with the rule."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

from ..aws.raw_calls import NoAnswerError, RawAnswer, RawCalls
from ..service.case import Case, Exchange, Expected, Place
from ..service.rules import RULES
from ..wording import printable, shortened

NAME = "pytest-sm-metrics-conformance"
"""The beginning of the name of every trial component that a check uses."""
_RULES = {rule.id: rule for rule in RULES}
_ERROR_TYPE = "x-amzn-errortype"
_REQUEST_ID = "x-amzn-requestid"
_BETWEEN_READS = 1  # seconds


class Result(TypedDict):
    """The result of one case."""

    rule: str
    provenance: str
    expected: str
    got: str
    verdict: str
    """`same`; `differs`; `news`, if the rule that differs was assumed; `skipped`."""


class Service(NamedTuple):
    """A service to check."""

    calls: RawCalls
    arn: Callable[[str], str]
    """Returns the ARN of a trial component, which can be written to from then on."""
    with_settings: Callable[[Mapping[str, Any]], AbstractContextManager[object]] | None = None
    """Returns a context in which the service has settings; None if it has none."""
    patience: float = 0
    """The seconds for which metrics may not be readable yet."""


def check(service: Service, cases: Iterable[Case]) -> Iterator[Result]:
    """Check a service case by case."""
    token = f"{time.time_ns() // 1000:x}"
    for number, case in enumerate(cases):
        why_not = _why_not(case, service)
        if why_not:
            yield _result(case, "", why_not, "skipped")
            continue
        with service.with_settings(case.settings) if service.with_settings else nullcontext():
            yield _checked(case, service, f"{NAME}-{token}-{number}")


def _why_not(case: Case, service: Service) -> str:
    if case.exchanges is None:
        return case.why_not
    if case.settings and service.with_settings is None:
        needed = ", ".join(f"{name}={value!r}" for name, value in case.settings.items())
        return f"it takes a service with {needed}"
    return ""


def _checked(case: Case, service: Service, run: str) -> Result:
    place = Place(run, service.arn(run), int(time.time()) // 3600 * 3600 - 3600)
    exchanges: Sequence[Exchange] = case.exchanges(place) if case.exchanges else ()
    expected = got = ""
    for exchange in exchanges:
        expected = _described(exchange.expected)
        answer = _answer(service, exchange)
        got = answer if isinstance(answer, str) else _shown(answer, exchange.expected)
        if isinstance(answer, str) or not keeps(answer, exchange.expected):
            is_assumed = _RULES[case.rule].provenance == "assumed"
            return _result(case, expected, got, "news" if is_assumed else "differs")
    return _result(case, expected, got, "same")


def _answer(service: Service, exchange: Exchange) -> RawAnswer | str:
    """Return the answer to a request; if there is none, the reason."""
    until = time.monotonic() + service.patience
    while True:
        try:
            answer = service.calls.send(exchange.request)
        except NoAnswerError as error:
            return f"no answer, {error}"
        is_read = exchange.request.path == "/BatchGetMetrics"
        if not is_read or time.monotonic() >= until or keeps(answer, exchange.expected):
            return answer
        time.sleep(_BETWEEN_READS)


def keeps(answer: RawAnswer, expected: Expected) -> bool:
    """Return True if an answer is as expected."""
    body = _json(answer.body)
    message = body.get("message", body.get("Message", "")) if isinstance(body, dict) else ""
    return (
        answer.status == expected.status
        and expected.code in (None, _code(answer))
        and (expected.body is None or _has(body, expected.body))
        and (expected.message is None or bool(re.fullmatch(expected.message, str(message))))
        and (not expected.request_id or _is_uuid(answer.headers.get(_REQUEST_ID, "")))
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _code(answer: RawAnswer) -> str:
    """Return the error code of an answer, from the header or the body, as botocore finds it."""
    body = _json(answer.body)
    in_body = body.get("code", body.get("__type", "")) if isinstance(body, dict) else ""
    return answer.headers.get(_ERROR_TYPE, str(in_body)).partition(":")[0].rpartition("#")[2]


def _has(found: Any, expected: Any) -> bool:
    """Return True if JSON has all that is expected; it may have more members."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found and _has(found[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(map(_has, found, expected))
        )
    if isinstance(expected, float):
        return isinstance(found, (int, float)) and math.isclose(found, expected, rel_tol=1e-9)
    return bool(found == expected)


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _described(expected: Expected) -> str:
    parts = [str(expected.status), expected.code or ""]
    if expected.body is not None:
        parts.append(json.dumps(expected.body))
    if expected.message is not None:
        parts.append(f"message: {expected.message}")
    if expected.request_id:
        parts.append("with a request id")
    return " ".join(filter(None, parts))


def _shown(answer: RawAnswer, expected: Expected) -> str:
    """Describe an answer by what was expected of it."""
    parts = [str(answer.status), _code(answer) if answer.status >= 300 else ""]
    if expected.request_id:
        parts.append(f"request id {answer.headers.get(_REQUEST_ID)!r}")
    elif expected.code is None or answer.status != expected.status:
        parts.append(answer.body.decode(errors="backslashreplace"))
    return printable(shortened(" ".join(filter(None, parts))))


def _result(case: Case, expected: str, got: str, verdict: str) -> Result:
    provenance = _RULES[case.rule].provenance
    return Result(
        rule=case.rule, provenance=provenance, expected=expected, got=got, verdict=verdict
    )
