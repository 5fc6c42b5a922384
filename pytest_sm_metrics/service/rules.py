"""Every rule of the service, in one list."""

from __future__ import annotations

from .operations import OPERATIONS, UNKNOWN_OPERATION
from .parsing import BODY
from .rule import UNPUBLISHED, Rule

_SUCCESS = "Another tool (moto, a Stubber) answers the call with success"
_VIOLATION = "A request violates a constraint of the service model"

RULES: tuple[Rule, ...] = (
    UNKNOWN_OPERATION,
    BODY,
    Rule(
        "Body.members",
        "*",
        "",
        constraint="A member is null, or the service model does not have it",
        effect="It is ignored, as if it were absent",
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    *(rule for operation in OPERATIONS for rule in operation.rules),
    Rule(
        "TrialComponent.created",
        "CreateTrialComponent",
        "TrialComponentName",
        constraint=_SUCCESS,
        effect="The trial component exists in the client's region, by its name in lower case",
        provenance="documented",
        source=(
            "Amazon SageMaker API Reference, CreateTrialComponent (names are not case-sensitive)"
        ),
    ),
    Rule(
        "TrialComponent.deleted",
        "DeleteTrialComponent",
        "TrialComponentName",
        constraint=_SUCCESS,
        effect="The metrics of the trial component in the client's region are removed",
        provenance="observed",
        source="answer of the service, 2026-09",
    ),
    Rule(
        "TrialComponent.deleted-unknown",
        "DeleteTrialComponent",
        "TrialComponentName",
        constraint=_SUCCESS,
        effect="The trial component no longer exists in the client's region",
        provenance="assumed",
        source=UNPUBLISHED,
        setting="unknown_trial_component",
    ),
    Rule(
        "TrialComponent.summaries",
        "DescribeTrialComponent",
        "Metrics",
        constraint=_SUCCESS,
        effect="Metrics has a summary of each metric that the trial component holds",
        provenance="documented",
        source="Amazon SageMaker API Reference, TrialComponentMetricSummary",
    ),
    Rule(
        "TrialComponent.summary-figures",
        "DescribeTrialComponent",
        "Metrics",
        constraint="A metric has a summary",
        effect=(
            "SourceArn is the trial component; the statistics are those of BatchGetMetrics over "
            "all its metrics; TimeStamp is the latest Timestamp"
        ),
        provenance="assumed",
        source=UNPUBLISHED,
    ),
    Rule(
        "Answer.code",
        "*",
        "",
        constraint=_VIOLATION,
        effect="x-amzn-ErrorType has the error code ValidationException",
        provenance="assumed",
        source="published nowhere: the common errors page says ValidationError",
    ),
    Rule(
        "Answer.message",
        "*",
        "",
        constraint=_VIOLATION,
        effect=(
            "The message is \"1 validation error detected: Value '...' at '...' failed to satisfy "
            'constraint: ..."; the items of a list are counted from 1'
        ),
        provenance="observed",
        source="answers of sister services; that a long value is cut: assumed",
    ),
    Rule(
        "Answer.request-id",
        "*",
        "",
        constraint="Every answer has a request id, also an error",
        effect="The header x-amzn-RequestId is a UUID",
        provenance="observed",
        source="answers of AWS's rest-json services",
    ),
)
"""Every rule that the mock follows, each with its provenance and source."""
