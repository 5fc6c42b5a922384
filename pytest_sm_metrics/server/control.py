"""The control API: tests in other languages read the mock, inject faults, check and reset it.

A reader sees the mock live in a browser, at the prefix itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..aws.active import ActiveMock
from ..reports.live import live_run
from ..service.exchange import Answer
from ..service.faults.fault import Fault
from ..service.faults.held_calls import HeldCalls
from .json_faults import fault_of

PREFIX = "/_sm_metrics/"
"""The beginning of its paths."""

_NO_MOCK = (
    "no mock of SageMaker Metrics is on: ask for the fixture sm_metrics, or enter mock_sm_metrics()"
)


def control(record: ActiveMock | None, method: str, path: str, body: bytes) -> Answer:
    """Answer a request to the control API. `path`: what follows its prefix."""
    name, _, fault_id = path.partition("/") if path.startswith("faults/") else (path, "", "")
    name = "faults/<id>" if fault_id else name
    method = "GET" if method == "HEAD" else method  # the body is left out when it is sent
    methods = {of for of, route in _ROUTES if route == name}
    if not methods:
        return _error(404, f"no path {PREFIX}{path}; the paths are: {', '.join(_paths())}")
    if method not in methods:
        known = ", ".join(sorted(methods))
        return _error(405, f"{method} {PREFIX}{name} is unknown; the methods are: {known}")
    if name == "health":
        return _json(200, _health())
    if name == "":
        return _page(record)
    if record is None:
        return _error(400, _NO_MOCK)
    try:
        return _ROUTES[method, name](record, fault_id or body)
    except (TypeError, ValueError) as error:
        return _error(400, str(error))


def _paths() -> list[str]:
    return list(dict.fromkeys(f"{PREFIX}{route}" for _, route in _ROUTES))


def _json(status: int, document: Any) -> Answer:
    headers = {"Content-Type": "application/json"}
    return Answer(status, headers, json.dumps(document).encode())


def _error(status: int, message: str) -> Answer:
    return _json(status, {"message": message})


_NO_CONTENT = Answer(204, {}, b"")


def _health() -> dict[str, str]:
    try:
        installed = version("pytest-sm-metrics")
    except PackageNotFoundError:
        installed = "unknown"
    return {"status": "ok", "version": installed}


def _page(record: ActiveMock | None) -> Answer:
    """Return the HTML report of the innermost mock, which refreshes itself."""
    from ..reports.html import page

    try:
        text = page(live_run(record), live=True)
    except ImportError as error:
        return _error(501, str(error))
    return Answer(200, _PAGE_HEADERS, text.encode())


_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def _report(record: ActiveMock, _: Any) -> Answer:
    from ..reports.html import page_data

    return _json(200, page_data(live_run(record)))


def _state(record: ActiveMock, _: Any) -> Answer:
    return _json(200, record.mock.to_dict())


def _events(record: ActiveMock, _: Any) -> Answer:
    return _json(200, {"Records": record.mock.cloudtrail.events})


def _check(record: ActiveMock, _: Any) -> Answer:
    return _json(200, {"findings": record.mock._findings.take()})


def _reset(record: ActiveMock, _: Any) -> Answer:
    record.mock.reset()
    return _NO_CONTENT


def _add_fault(record: ActiveMock, body: bytes) -> Answer:
    fault = record.service.injection.add(fault_of(body))
    if isinstance(fault, HeldCalls):
        fault.why_not_ended = (
            "no request deleted the fault in that time. Send "
            f"DELETE {PREFIX}faults/{_id_of(record, fault)} while the call waits, or hold the call "
            "longer (the key timeout)."
        )
    return _json(201, _described(record, fault))


def _faults(record: ActiveMock, _: Any) -> Answer:
    faults = [_described(record, fault) for fault in record.service.injection.in_force]
    return _json(200, {"faults": faults})


def _remove_fault(record: ActiveMock, fault_id: str) -> Answer:
    for fault in list(record.service.injection.in_force):
        if _id_of(record, fault) == fault_id:
            fault.remove()
            return _NO_CONTENT
    known = [_id_of(record, fault) for fault in record.service.injection.in_force]
    there_is = f"the ids are: {', '.join(known)}" if known else "there is none."
    return _error(404, f"no fault {fault_id!r} is in force; {there_is}")


def _id_of(record: ActiveMock, fault: Fault) -> str:
    return str(record.service.injection.added.index(fault) + 1)


def _described(record: ActiveMock, fault: Fault) -> dict[str, Any]:
    return {
        "id": _id_of(record, fault),
        "kind": fault.kind,
        "description": repr(fault),
        "hits": fault.hits,
        "matches": fault.matches,
    }


_ROUTES: dict[tuple[str, str], Callable[[ActiveMock, Any], Answer]] = {
    ("GET", "health"): lambda *_: _json(200, _health()),
    ("GET", "state"): _state,
    ("GET", "cloudtrail/events"): _events,
    ("POST", "faults"): _add_fault,
    ("GET", "faults"): _faults,
    ("DELETE", "faults/<id>"): _remove_fault,
    ("POST", "check"): _check,
    ("POST", "reset"): _reset,
    ("GET", ""): lambda record, _: _page(record),
    ("GET", "report"): _report,
}
