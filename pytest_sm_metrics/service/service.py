"""The fake service: one way through from a request to its answer."""

from __future__ import annotations

import json
import threading
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from ..settings import Settings
from .exchange import Answer, Request
from .journal import Call, Failure, request_id
from .parsing import MalformedRequestError, parse_put_metrics, read_json
from .rules import UNKNOWN_OPERATION
from .store import Store, StoredTrialComponent

OPERATIONS = {("PUT", "/BatchPutMetrics"): "BatchPutMetrics"}
"""The operations that the service knows, by method and path. Source: the service model (documented)."""

_NO_ERRORS = b'{"Errors": []}'


class Service:
    """SageMaker Metrics of one account. `answer` may be called from any thread; it never waits and never raises."""

    def __init__(self, settings: Settings, node_id: str) -> None:
        self.settings = settings
        self.changed = threading.Condition()
        """Held while the state below changes; notified after each attempt."""
        self._seed = f"{settings.seed}/{node_id}"
        self.reset()

    def reset(self) -> None:
        """Back to the state at activation."""
        with self.changed:
            self.store = Store(self.settings)
            self.calls: list[Call] = []
            self.changed.notify_all()

    def components(self) -> list[StoredTrialComponent]:
        """Every trial component that is known, in order of first arrival; empty ones too."""
        with self.changed:
            return self.store.components()

    def create_trial_component(self, name: str, region: str | None) -> StoredTrialComponent:
        """Make a trial component known; None: in every region."""
        with self.changed:
            return self.store.create(name, region)

    def answer(self, request: Request) -> Answer:
        """Answer one request and enter it in the journal."""
        operation = OPERATIONS.get((request.method, request.path))
        put, failure, name = None, None, None
        if operation is None:
            failure = Failure(404, "UnknownOperationException", f"{UNKNOWN_OPERATION.constraint}: {request.method} {request.path} is not")
        else:
            try:
                put = parse_put_metrics(request.body)
                name = put.trial_component_name
            except MalformedRequestError as error:
                failure = Failure(400, error.code, error.message)
                name = _trial_component_in(request.body)
        with self.changed:
            refused = [] if put is None else self.store.put(request.region, put, request.time)
            call = Call(request, request_id(self._seed, len(self.calls)), operation, name, failure, refused)
            self.calls.append(call)
            self.changed.notify_all()
        return _answer(call, request.time)


def _trial_component_in(body: bytes) -> str | None:
    try:
        name: Any = read_json(body)["TrialComponentName"]
    except (ValueError, TypeError, LookupError):
        return None
    return name if isinstance(name, str) else None


def _answer(call: Call, now: float) -> Answer:
    body = json.dumps(call.response).encode() if call.refused or call.error_code else _NO_ERRORS
    headers = {
        "x-amzn-RequestId": call.request_id,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Date": _http_date(int(now)),
    }
    if call.error_code is not None:
        headers["x-amzn-ErrorType"] = call.error_code
    return Answer(call.status_code, headers, body)


@lru_cache(maxsize=8)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
