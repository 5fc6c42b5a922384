"""The operations of the service."""

from __future__ import annotations

from collections.abc import Mapping

from ..wording import did_you_mean
from .get_metrics.operation import BatchGetMetrics
from .operation import Operation
from .put_metrics.operation import BatchPutMetrics
from .rule import UNPUBLISHED, Rule

OPERATIONS: tuple[Operation, ...] = (BatchPutMetrics(), BatchGetMetrics())

UNKNOWN_OPERATION = Rule(
    "Operation.unknown",
    "*",
    "",
    constraint="Method and path are those of an operation of the service",
    effect="HTTP 404 UnknownOperationException; nothing of the request is stored",
    provenance="assumed",
    source=UNPUBLISHED,
    code="UnknownOperationException",
)

BY_NAME: Mapping[str, Operation] = {operation.name: operation for operation in OPERATIONS}
_BY_ROUTE = {(operation.method, operation.path): operation for operation in OPERATIONS}


def operation_named(name: str | None) -> Operation | None:
    """Return the operation with this name; None if there is none."""
    return None if name is None else BY_NAME.get(name)


def operation_at(method: str, path: str) -> Operation | None:
    """Return the operation with this method and path; None if there is none."""
    return _BY_ROUTE.get((method, path))


def why_no_operation(method: str, path: str) -> str:
    """Return the message for a method and path that no operation has."""
    at_path = [operation for operation in OPERATIONS if operation.path == path]
    routes = [f"{one.name} is {one.method} {one.path}" for one in at_path or OPERATIONS]
    return f"{method} {path} is no operation of the service; {', '.join(routes)}"


def check_operation(name: str) -> None:
    """Raise a ValueError if no operation has this name."""
    __tracebackhide__ = True
    if name not in BY_NAME:
        names = [operation.name for operation in OPERATIONS]
        raise ValueError(
            f"unknown operation {name!r}{did_you_mean(name, names)} "
            f"The operations are: {', '.join(names)}."
        )


def trial_components_in(operation_name: str | None, body: bytes) -> tuple[str | None, ...]:
    """Return the names of the trial components that a request is about, or `(None,)`."""
    operation = operation_named(operation_name)
    if operation is None:
        return (None,)
    return operation.trial_components(operation.trial_component(body, None), body)
