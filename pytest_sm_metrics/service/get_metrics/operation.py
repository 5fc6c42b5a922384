"""The operation BatchGetMetrics: it answers each query separately."""

from __future__ import annotations

from collections.abc import Mapping

from ..arns import trial_component_named
from ..faults.kinds import QueryFault
from ..operation import Attempted, Operation
from ..store import Store
from .parser import parse_get_metrics, resource_arns_in
from .queries import GetResult, answer_queries
from .request import GetMetrics
from .rules import GET_RULES


class BatchGetMetrics(Operation):
    """The operation that reads metrics.

    Source: the service model; Amazon SageMaker API Reference, BatchGetMetrics (documented).
    """

    name = "BatchGetMetrics"
    method = "POST"
    path = "/BatchGetMetrics"
    item = "query"
    rules = GET_RULES

    def parse(self, body: bytes) -> GetMetrics:
        """Read the body of a request, or raise RefusedRequestError."""
        return parse_get_metrics(body)

    def trial_components(self, trial_component: str | None, body: bytes) -> tuple[str | None, ...]:
        """Return the names in the ResourceArns of its queries; `(None,)` if there are none."""
        names = [trial_component_named(arn) for arn in resource_arns_in(body)]
        return tuple(dict.fromkeys(name for name in names if name is not None)) or (None,)

    def resource(self, call: Attempted, account_id: str, wanted: object) -> str:
        """Return the ResourceArn that names the wanted trial component, or the first one."""
        arns = resource_arns_in(call.body) or ["*"]
        return next((arn for arn in arns if trial_component_named(arn) == wanted), arns[0])

    def perform(
        self,
        call: Attempted,
        parsed: GetMetrics,
        store: Store,
        injected: Mapping[int, QueryFault],
    ) -> GetResult:
        """Answer the queries of a request."""
        return answer_queries(store, parsed, injected)
