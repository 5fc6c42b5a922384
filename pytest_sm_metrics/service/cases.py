"""The case of every rule, in one list, in the order of the rules."""

from __future__ import annotations

from .case import Case, Exchange, Expected, Place, RawRequest
from .get_metrics.cases import GET_CASES
from .put_metrics.cases import PUT_CASES, metric, put
from .rule import SERIALIZATION, VALIDATION
from .rules import RULES

_CONTROL_PLANE = "it is about the SageMaker control plane"


def _with_ignored_members(place: Place) -> RawRequest:
    return put(place, metric(place, Unit="none", Step=None), Tags=[], Note=None)


def _violation(place: Place) -> RawRequest:
    return put(place, metric(place, Step=-1))


_OTHERS = (
    Case(
        "Operation.unknown",
        lambda _: [
            Exchange(
                RawRequest("POST", "/BatchDropMetrics", b"{}"),
                Expected(404, "UnknownOperationException"),
            )
        ],
    ),
    Case(
        "Body.json",
        lambda _: [
            Exchange(RawRequest("PUT", "/BatchPutMetrics", b"{"), Expected(400, SERIALIZATION))
        ],
    ),
    Case(
        "Body.members",
        lambda place: [
            Exchange(_with_ignored_members(place), Expected(200, body={"Errors": []})),
        ],
    ),
    *(
        Case(f"TrialComponent.{what}", None, why_not=_CONTROL_PLANE)
        for what in ("created", "deleted", "deleted-unknown", "summaries", "summary-figures")
    ),
    Case("Answer.code", lambda place: [Exchange(_violation(place), Expected(400, VALIDATION))]),
    Case(
        "Answer.message",
        lambda place: [
            Exchange(
                _violation(place),
                Expected(
                    400,
                    message=r"1 validation error detected: Value '-1' at 'metricData\.1\.member"
                    r"\.step' failed to satisfy constraint: Member must .*",
                ),
            )
        ],
    ),
    Case(
        "Answer.request-id",
        lambda place: [
            Exchange(put(place, metric(place)), Expected(200, request_id=True)),
            Exchange(_violation(place), Expected(400, request_id=True)),
        ],
    ),
)

_BY_RULE = {case.rule: case for case in (*_OTHERS, *PUT_CASES, *GET_CASES)}

CASES: tuple[Case, ...] = tuple(_BY_RULE[rule.id] for rule in RULES)
