"""The operations of the service: which there are, how a request of each is read, and which trial components it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..settings import did_you_mean
from .arns import trial_component_named
from .get_request import GetMetrics, parse_get_metrics, resource_arns_in
from .put_request import PutMetrics, parse_put_metrics, trial_component_in

Parsed = PutMetrics | GetMetrics

OPERATIONS = {
    ("PUT", "/BatchPutMetrics"): "BatchPutMetrics",
    ("POST", "/BatchGetMetrics"): "BatchGetMetrics",
}
"""By method and path. Source: the service model (documented)."""

_PARSERS: Mapping[str, Callable[[bytes], Parsed]] = {
    "BatchPutMetrics": parse_put_metrics,
    "BatchGetMetrics": parse_get_metrics,
}


def check_operation(name: str) -> None:
    """Raise a ValueError for what is no operation."""
    __tracebackhide__ = True
    names = list(OPERATIONS.values())
    if name not in names:
        raise ValueError(
            f"unknown operation {name!r}{did_you_mean(name, names)} The operations are: {', '.join(names)}."
        )


def parse(operation: str, body: bytes) -> Parsed:
    """Read the body of a request, or raise MalformedRequestError."""
    return _PARSERS[operation](body)


def trial_component_name_of(
    operation: str | None, parsed: Parsed | None, body: bytes
) -> str | None:
    """The TrialComponentName as sent; None where there is none that is a string, and for other operations than BatchPutMetrics."""
    if isinstance(parsed, PutMetrics):
        return parsed.trial_component_name
    return trial_component_in(body) if operation == "BatchPutMetrics" else None


def trial_components_named(
    operation: str | None, trial_component: str | None, body: bytes
) -> tuple[str | None, ...]:
    """Those that a request is about, however the rest looks: its TrialComponentName, or the names in its queries; at least one, or None."""
    if operation != "BatchGetMetrics":
        return (trial_component,)
    names = [trial_component_named(arn) for arn in resource_arns_in(body)]
    return tuple(dict.fromkeys(name for name in names if name is not None)) or (None,)
