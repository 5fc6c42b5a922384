"""The fake service: one way through from a request to its answer."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from ..settings import Settings
from ..unmocked import UnmockedCallError
from .arns import default_caller, trial_component_arn, trial_component_named
from .exchange import Answer, NoAnswer, Request, Results
from .fault import Attempt, Fault, Stage
from .faults import CallFault
from .get_request import resource_arns_in
from .held_calls import HeldCalls
from .injection import Injection, Matching
from .journal import Call, request_ids
from .operations import OPERATIONS, Parsed, parse, trial_component_name_of, trial_components_named
from .outcomes import Failure, Outcome, Raw
from .parsing import MalformedRequestError
from .put_request import PutMetrics
from .queries import answer_queries
from .rules import UNKNOWN_OPERATION
from .store import Refusal, SeriesColumns, Store, StoredTrialComponent
from .summaries import summaries

_NO_ERRORS = b'{"Errors": []}'


class Arrival(NamedTuple):
    """A request that has arrived, and waits for its answer."""

    request: Request
    operation: str | None
    trial_component: str | None
    """The TrialComponentName as sent."""
    parsed: Parsed | None
    """None where the request is malformed."""
    failure: Failure | None
    """What is wrong with the request itself."""
    matching: Matching | None
    """The faults that are for it; None where there are no faults."""
    ordinal: int
    held: HeldCalls | None
    """What holds it."""
    conflicts: bool
    """Whether another request for its trial component was in flight when it arrived."""


class Watcher(Protocol):
    """What watches the journal: a view that has a state of its own."""

    def saw(self, call: Call, index: int) -> None:
        """A call has been entered, at a place in the journal; not locked."""
        ...

    def findings(self) -> list[str]:
        """What fails a test; each is told once."""
        ...

    def reset(self) -> None:
        """Back to the state at activation."""
        ...

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the state of now."""
        ...


class Service:
    """SageMaker Metrics of one account. It may be used from any thread; it never waits, and raises in forked children alone."""

    def __init__(self, settings: Settings, node_id: str) -> None:
        self.settings = settings
        self.fast_retries = settings.fast_retries
        self._seed = f"{settings.seed}/{node_id}"
        self._make_locks()
        self._forked_from: int | None = None
        self._waiting = 0
        self._request_id = request_ids(self._seed)
        self.calls: list[Call] = []
        self.watchers: list[Watcher] = []
        self.injection = Injection((), self._seed, lambda: len(self.calls))
        self.reset()

    def reset(self) -> None:
        """Back to the state at activation; what is held is answered before."""
        self.injection.end()
        with self.lock:
            self.store = Store(self.settings)
            self.calls = []
            self.injection = Injection(self.settings.faults, self._seed, lambda: len(self.calls))
            self._arrivals = 0
            self._in_flight: list[tuple[str, str]] = []
            """Region and name of the trial components for which a request is held."""
        for watcher in self.watchers:
            watcher.reset()

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the state of now."""
        with self.lock:
            store, calls, count, restore_store = (
                self.store,
                self.calls,
                len(self.calls),
                self.store.checkpoint(),
            )
            injection, restore_faults, arrivals = (
                self.injection,
                self.injection.checkpoint(),
                self._arrivals,
            )
        restore_watchers = [watcher.checkpoint() for watcher in self.watchers]

        def restore() -> None:
            self.injection.release()
            with self.lock:
                self.store, self.calls, self.injection, self._arrivals = (
                    store,
                    calls,
                    injection,
                    arrivals,
                )
                del calls[count:]
                restore_store()
                restore_faults()
            for restore_watcher in restore_watchers:
                restore_watcher()
            for late in self.watchers[len(restore_watchers) :]:
                late.reset()

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

    def knows(self, name: str, region: str) -> bool:
        """Return True if a trial component is known in a region, with metrics or without."""
        with self.lock:
            return self.store.knows(name, region)

    def is_created(self, name: str) -> bool:
        """Return True if a trial component is known in some region, with metrics or without."""
        with self.lock:
            return self.store.is_created(name)

    def deleted_in(self, name: str) -> list[str]:
        """Return the regions in which a trial component was deleted, and not created again."""
        with self.lock:
            return [region for region, deleted in self.store.deleted if deleted == name]

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

    def delete_trial_component(self, name: str, region: str) -> None:
        """Remove a trial component and its metrics from a region."""
        with self.lock:
            self.store.delete(name, region)

    def summaries(self, name_or_arn: str, region: str) -> list[dict[str, Any]]:
        """The summaries of a trial component's metrics; none where it holds none in this account and region."""
        name = trial_component_named(name_or_arn) or name_or_arn
        arn = trial_component_arn(region, self.settings.account_id, name)
        with self.lock:
            component = (
                self.store.trial_components.get((region, name))
                if name_or_arn in (name, arn)
                else None
            )
            return summaries(component, arn) if component else []

    def stored(self, name: str, region: str) -> StoredTrialComponent:
        """What is stored of a trial component: nothing, where it is not known (any more)."""
        with self.lock:
            return self.store.trial_components.get((region, name)) or StoredTrialComponent(
                region, name
            )

    def receive(self, request: Request) -> Arrival:
        """Take a request in: what is held is in flight from now on, and is not to be answered before `held` lets go of it."""
        operation = OPERATIONS.get((request.method, request.path))
        if self._forked_from is not None:
            name = trial_component_name_of(operation, None, request.body)
            raise UnmockedCallError(_forked(operation, self._forked_from), operation, name)
        parsed, failure = None, None
        if operation is None:
            failure = Failure(
                404,
                "UnknownOperationException",
                f"{UNKNOWN_OPERATION.constraint}: {request.method} {request.path} is not",
            )
        else:
            try:
                parsed = parse(operation, request.body)
            except MalformedRequestError as error:
                failure = Failure(400, error.code, error.message)
        name = trial_component_name_of(operation, parsed, request.body)
        faults = self.injection.in_force
        matching = (
            Matching(tuple(faults), _attempt(request, operation, name, parsed)) if faults else None
        )
        with self.lock:
            ordinal = self._arrivals
            self._arrivals += 1
            key = (request.region, name or "")
            conflicts = self.settings.concurrent_writes == "conflict" and key in self._in_flight
            held = self.injection.first(matching.at(Stage.HOLD), ordinal) if matching else None
            if held:
                self._in_flight.append(key)
        return Arrival(
            request, operation, name, parsed, failure, matching, ordinal, held, conflicts
        )

    def answer(self, arrival: Arrival) -> Answer | NoAnswer:
        """Answer a request, and enter it in the journal."""
        with self.lock:
            self._let_go(arrival)
            fired, outcome, in_service, parsed = self._inject(arrival)
            component: StoredTrialComponent | None = None
            refused: Sequence[Refusal] = ()
            results: Results | None = None
            if parsed is not None:
                injected = self._inject_items(arrival)
                fired += dict.fromkeys(injected.values())
                if isinstance(parsed, PutMetrics):
                    component, refused = self.store.admit(
                        arrival.request.region,
                        parsed,
                        arrival.request.time,
                        injected,
                        arrival.conflicts,
                    )
                else:
                    results = answer_queries(self.store, parsed, injected)
            call = self._call(arrival, outcome, in_service, refused, results, fired)
            index = self._enter(call)
            if component is not None:
                component.take(call)
        for watcher in self.watchers:
            watcher.saw(call, index)
        return _answer(call)

    def abandon(self, arrival: Arrival, error: BaseException) -> None:
        """Nobody waits any more for the answer to a request that is held: it stands in the journal, and did nothing."""
        no_answer = NoAnswer(type(error).__name__)
        with self.lock:
            self._let_go(arrival)
            self._enter(
                self._call(
                    arrival, no_answer, no_answer, fired=[arrival.held] if arrival.held else []
                )
            )

    def _let_go(self, arrival: Arrival) -> None:
        """It is in flight no more."""
        key = (arrival.request.region, arrival.trial_component or "")
        if arrival.held and key in self._in_flight:
            self._in_flight.remove(key)

    def _call(
        self,
        arrival: Arrival,
        outcome: Outcome,
        in_service: Outcome,
        refused: Sequence[Refusal] = (),
        results: Results | None = None,
        fired: Sequence[Fault] = (),
    ) -> Call:
        request_id = self._request_id(arrival.ordinal)
        return Call(
            arrival.request,
            request_id,
            arrival.operation,
            arrival.trial_component,
            outcome,
            in_service,
            refused,
            results,
            tuple(fired),
        )

    def _enter(self, call: Call) -> int:
        """Its place in the journal."""
        self.calls.append(call)
        if self._waiting:
            self._arrived.notify_all()
        return len(self.calls) - 1

    def _inject(self, arrival: Arrival) -> tuple[list[Fault], Outcome, Outcome, Parsed | None]:
        """The faults of the whole call: those that fire, how the call ends, how within the service, and what it does all the same."""
        parsed = arrival.parsed
        outcome: Outcome = arrival.failure
        in_service: Outcome = arrival.failure
        if arrival.matching is None:
            return [], outcome, in_service, parsed
        delays = self.injection.all(arrival.matching.at(Stage.DELAY), arrival.ordinal)
        fault = self.injection.first(arrival.matching.at(Stage.CALL), arrival.ordinal)
        fired: list[Fault] = [one for one in (arrival.held, *delays, fault) if one]
        if fault:
            outcome = self._outcome_of(fault, arrival)
            parsed = parsed if fault.stored else None
            if isinstance(outcome, Failure) or not fault.stored:
                in_service = outcome
        patience = arrival.request.read_timeout
        if patience is not None and sum(delay.seconds for delay in delays) > patience:
            outcome = NoAnswer("ReadTimeoutError")
        return fired, outcome, in_service, parsed

    def _inject_items(self, arrival: Arrival) -> dict[int, Any]:
        """The faults of single metrics, or of single queries, that fire."""
        if arrival.matching is None:
            return {}
        firsts = {
            index: self.injection.first(faults, arrival.ordinal, index)
            for index, faults in sorted(arrival.matching.items.items())
        }
        return {index: fault for index, fault in firsts.items() if fault}

    def _outcome_of(self, fault: CallFault, arrival: Arrival) -> Outcome:
        caller = self.settings.caller_arn or default_caller(
            arrival.request.region, self.settings.account_id
        )
        return fault.outcome(arrival.operation, self._resource_of(arrival, fault), caller)

    def _resource_of(self, arrival: Arrival, fault: CallFault) -> str:
        """The ARN that a message about the call names: of several the one that the fault names, or the first."""
        if arrival.operation == "BatchGetMetrics":
            arns = resource_arns_in(arrival.request.body) or ["*"]
            return next(
                (
                    arn
                    for arn in arns
                    if trial_component_named(arn) == fault.filter("trial_component")
                ),
                arns[0],
            )
        return trial_component_arn(
            arrival.request.region, self.settings.account_id, arrival.trial_component or "*"
        )


def _attempt(
    request: Request, operation: str | None, name: str | None, parsed: Parsed | None
) -> Attempt:
    named = trial_components_named(operation, name, request.body)
    return Attempt((operation,), named, (request.region,), parsed.columns if parsed else None)


def _answer(call: Call) -> Answer | NoAnswer:
    outcome = call.outcome
    if isinstance(outcome, NoAnswer):
        return outcome
    headers = {"x-amzn-RequestId": call.request_id}
    if isinstance(outcome, Raw):
        return Answer(outcome.status, headers, outcome.body)
    headers["Content-Type"] = "application/json"
    if outcome is None and call.results is not None:
        return Answer(200, headers, call.results.body)
    if outcome is None:
        return Answer(
            200, headers, json.dumps(call.response).encode() if call.refused else _NO_ERRORS
        )
    headers["x-amzn-ErrorType"] = outcome.code
    return Answer(outcome.status, headers, json.dumps(call.response).encode())


def _forked(operation: str | None, parent: int) -> str:
    return (
        f"{operation} was called in process {os.getpid()}, which was forked from process {parent} while a mock of SageMaker Metrics "
        "was on there: what arrives here could not be recorded there. It did not reach AWS. Log from the parent or from its threads, "
        "or enter mock_sm_metrics() in the child and look at its metrics there."
    )
