"""Every rule of the service: `RULES` lists what the code enforces."""

from __future__ import annotations

from .operations import OPERATIONS, UNKNOWN_OPERATION
from .parsing import BODY
from .rule import UNPUBLISHED, Rule

RULES: tuple[Rule, ...] = (
    UNKNOWN_OPERATION,
    BODY,
    Rule(
        "Body.members", "*", "", "null is an absent member, members the shape does not have are ignored",
        "as if they were not there", "assumed", UNPUBLISHED,
    ),
    *(rule for operation in OPERATIONS for rule in operation.rules),
    Rule(
        "TrialComponent.created", "CreateTrialComponent", "TrialComponentName", "Somebody has answered the call with success",
        "the trial component is known in the client's region, by its name in lower case", "documented",
        "Amazon SageMaker API Reference, CreateTrialComponent (names are not case-sensitive)",
    ),
    Rule(
        "TrialComponent.deleted", "DeleteTrialComponent", "TrialComponentName", "Somebody has answered the call with success",
        "its metrics in the client's region are removed", "observed", "answer of the service, 2026-09",
    ),
    Rule(
        "TrialComponent.deleted-unknown", "DeleteTrialComponent", "TrialComponentName", "Somebody has answered the call with success",
        "the trial component is not known in that region any more, as if nobody had created it", "assumed", UNPUBLISHED,
        "unknown_trial_component",
    ),
    Rule(
        "TrialComponent.summaries", "DescribeTrialComponent", "Metrics", "Somebody has answered the call with success",
        "Metrics has a summary of each metric that the trial component holds", "documented",
        "Amazon SageMaker API Reference, TrialComponentMetricSummary",
    ),
    Rule(
        "TrialComponent.summary-figures", "DescribeTrialComponent", "Metrics", "A metric has a summary",
        "SourceArn is the trial component; the statistics are those of BatchGetMetrics over all its metrics; TimeStamp is the latest "
        "Timestamp", "assumed", UNPUBLISHED,
    ),
    Rule(
        "Answer.code", "*", "", "A constraint of the service model is not kept",
        "error code ValidationException, in x-amzn-ErrorType", "assumed", "published nowhere: the common errors page says ValidationError",
    ),
    Rule(
        "Answer.message", "*", "", "A constraint of the service model is not kept",
        "message \"1 validation error detected: Value '...' at '...' failed to satisfy constraint: ...\", list members counted from 1",
        "observed", "answers of sister services; that a long value is cut: assumed",
    ),
    Rule(
        "Answer.request-id", "*", "", "Every answer, an error too, carries a request id",
        "header x-amzn-RequestId, a UUID", "observed", "answers of AWS's rest-json services",
    ),
)  # fmt: skip
"""Every rule that the mock follows, each with its provenance and source."""
