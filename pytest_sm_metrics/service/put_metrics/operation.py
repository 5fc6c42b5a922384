"""The operation BatchPutMetrics: it checks each metric, and stores the accepted ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ..arns import trial_component_arn
from ..faults.kinds import MetricFault
from ..operation import Attempted, Operation
from ..rule import Rule
from ..store import Store
from .parser import parse_put_metrics, trial_component_in
from .request import PutMetrics, Row, Submission
from .rules import METRIC_RULES, PUT_RULES


class Refusal(NamedTuple):
    """A rejected metric, and the rule or the fault that rejected it."""

    metric_index: int
    cause: Rule | MetricFault

    @property
    def is_injected(self) -> bool:
        """True if a fault rejected it."""
        return isinstance(self.cause, MetricFault)

    @property
    def code(self) -> str:
        """The Code in Errors."""
        return str(self.cause.code)

    def why(self, submission: Submission) -> str:
        """Return the reason for the rejection, with the values that caused it."""
        if isinstance(self.cause, Rule):
            return self.cause.why(submission, self.metric_index)
        return f"injected by {self.cause!r}"


class PutResult(NamedTuple):
    """The result of a BatchPutMetrics request."""

    refused: Sequence[Refusal] = ()
    """The rejected metrics, by ascending index."""

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The Errors of the answer: `{"Code", "MetricIndex"}`, indexes from 0."""
        return [{"Code": one.code, "MetricIndex": one.metric_index} for one in self.refused]

    @property
    def body(self) -> bytes:
        """The body of the answer."""
        return json.dumps({"Errors": self.errors}).encode() if self.refused else b'{"Errors": []}'

    @property
    def summary(self) -> str:
        """A short description; empty if every metric was accepted."""
        return f"{len(self.refused)} in Errors" if self.refused else ""


_ALL_ACCEPTED = PutResult()


class BatchPutMetrics(Operation):
    """The operation that stores metrics.

    Source: the service model; Amazon SageMaker API Reference, BatchPutMetrics (documented).
    """

    name = "BatchPutMetrics"
    method = "PUT"
    path = "/BatchPutMetrics"
    item = "metric"
    rules = PUT_RULES
    stores = True
    is_data_event = True

    def parse(self, body: bytes) -> PutMetrics:
        """Read the body of a request, or raise RefusedRequestError."""
        return parse_put_metrics(body)

    def trial_component(self, body: bytes, parsed: PutMetrics | None) -> str | None:
        """Return the TrialComponentName as sent; None if there is none that is a string."""
        return parsed.trial_component_name if parsed else trial_component_in(body)

    def resource(self, call: Attempted, account_id: str, wanted: object) -> str:
        """Return the ARN of the trial component."""
        return trial_component_arn(call.region, account_id, call.trial_component or "*")

    def perform(
        self,
        call: Attempted,
        parsed: PutMetrics,
        store: Store,
        injected: Mapping[int, MetricFault],
    ) -> PutResult:
        """Store the metrics of a request that no rule and no fault rejects."""
        name = parsed.trial_component_name
        holder = store.find(name, call.region)
        is_known = store.knows(name, call.region)
        submission = Submission(
            parsed, call.time, store.settings, holder, is_known, call.is_contended
        )
        refused: dict[int, Rule | MetricFault] = dict(injected)
        for rule in store.rules_on(METRIC_RULES):
            for index in rule.refuses(submission, refused) if rule.refuses else ():
                refused.setdefault(index, rule)
        accepted = len(parsed.names) - len(refused)
        if accepted:
            store.hold(holder, accepted, partial(_accepted_rows, call))
        if not refused:
            return _ALL_ACCEPTED
        return PutResult([Refusal(index, refused[index]) for index in sorted(refused)])


def _accepted_rows(call: Any) -> Iterator[Row]:
    """Return the accepted metrics of an answered call."""
    refused = {refusal.metric_index for refusal in call.refused}
    rows = parse_put_metrics(call.body).rows()
    return (row for index, row in enumerate(rows) if index not in refused)
