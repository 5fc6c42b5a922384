"""The fake service: one way through from a request to its answer."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable

from ..settings import Settings
from ..unmocked import UnmockedCallError
from .exchange import Answer, Request
from .journal import Call, Failure, request_ids
from .parsing import MalformedRequestError, parse_put_metrics, trial_component_in
from .rules import UNKNOWN_OPERATION
from .store import SeriesColumns, Store, StoredTrialComponent

OPERATIONS = {("PUT", "/BatchPutMetrics"): "BatchPutMetrics"}
"""The operations that the service knows, by method and path. Source: the service model (documented)."""

_NO_ERRORS = b'{"Errors": []}'


class Service:
    """SageMaker Metrics of one account. `answer` may be called from any thread; it never waits, and raises in forked children alone."""

    def __init__(self, settings: Settings, node_id: str) -> None:
        self.settings = settings
        self._make_locks()
        self._forked_from: int | None = None
        self._waiting = 0
        self._request_id = request_ids(f"{settings.seed}/{node_id}")
        self.reset()

    def reset(self) -> None:
        """Back to the state at activation."""
        with self.lock:
            self.store = Store(self.settings)
            self.calls: list[Call] = []

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the state of now."""
        with self.lock:
            store, calls, count, restore_store = self.store, self.calls, len(self.calls), self.store.checkpoint()

        def restore() -> None:
            with self.lock:
                self.store, self.calls = store, calls
                del calls[count:]
                restore_store()

        return restore

    def after_fork(self) -> None:
        """To be called in a forked child: what arrives there would be lost, so it is refused."""
        self._make_locks()  # another thread may have held them at that moment
        self._forked_from = os.getppid()

    def _make_locks(self) -> None:
        self.lock = threading.RLock()
        """Held while the state changes, never while a user's code runs."""
        self._arrived = threading.Condition(self.lock)

    def components(self) -> list[StoredTrialComponent]:
        """Every trial component that is known, in order of first arrival; empty ones too."""
        with self.lock:
            return self.store.components()

    def wait_for_arrival(self, after: int, timeout: float) -> None:
        """Wait until there are more calls than that, or the time is up: seconds, real time even where time is frozen. May return early."""
        with self.lock:
            self._waiting += 1
            try:
                if len(self.calls) == after:
                    self._arrived.wait(timeout)
            finally:
                self._waiting -= 1

    def series(self, component: StoredTrialComponent) -> dict[str, SeriesColumns]:
        """The metrics of a trial component by name, in order of first arrival."""
        with self.lock:
            return dict(component.series())

    def create_trial_component(self, name: str, region: str | None) -> StoredTrialComponent:
        """Make a trial component known; None: in every region."""
        with self.lock:
            return self.store.create(name, region)

    def answer(self, request: Request) -> Answer:
        """Answer one request and enter it in the journal."""
        operation = OPERATIONS.get((request.method, request.path))
        if self._forked_from is not None:
            raise UnmockedCallError(_forked(operation, self._forked_from), operation, trial_component_in(request.body))
        put, failure, name = None, None, None
        if operation is None:
            failure = Failure(404, "UnknownOperationException", f"{UNKNOWN_OPERATION.constraint}: {request.method} {request.path} is not")
        else:
            try:
                put = parse_put_metrics(request.body)
                name = put.trial_component_name
            except MalformedRequestError as error:
                failure = Failure(400, error.code, error.message)
                name = trial_component_in(request.body)
        with self.lock:
            component, refused = (None, ()) if put is None else self.store.admit(request.region, put, request.time)
            call = Call(request, self._request_id(len(self.calls)), operation, name, failure, refused)
            self.calls.append(call)
            if component is not None:
                component.take(call)
            if self._waiting:
                self._arrived.notify_all()
        return _answer(call)


def _answer(call: Call) -> Answer:
    headers = {"x-amzn-RequestId": call.request_id, "Content-Type": "application/json"}
    if call.error_code is None and not call.refused:
        return Answer(200, headers, _NO_ERRORS)
    if call.error_code is not None:
        headers["x-amzn-ErrorType"] = call.error_code
    return Answer(call.status_code, headers, json.dumps(call.response).encode())


def _forked(operation: str | None, parent: int) -> str:
    return (
        f"{operation} was called in process {os.getpid()}, which was forked from process {parent} while a mock of SageMaker Metrics "
        "was on there: what arrives here could not be recorded there. It did not reach AWS. Log from the parent or from its threads, "
        "or enter mock_sm_metrics() in the child and look at its metrics there."
    )
