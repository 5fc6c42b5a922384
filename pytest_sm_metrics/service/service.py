"""The service: the one way from a request to its answer."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from ..exceptions import UnmockedCallError
from ..settings import Settings
from ..wording import joined, repeated
from .arns import default_caller, trial_component_arn, trial_component_named
from .exchange import (
    Answer,
    HeldCall,
    NoAnswer,
    Request,
    error_answer,
    json_answer,
    raw_answer,
)
from .faults.fault import Attempt, Fault, Force, Stage
from .faults.injection import FailedPredicate, Injection, Matching
from .journal import Call, attempt_of, request_ids
from .operation import Operation, Parsed
from .operations import UNKNOWN_OPERATION, operation_at, why_no_operation
from .outcomes import Failure, Outcome, Raw
from .parsing import RefusedRequestError
from .store import SeriesColumns, Store, StoredTrialComponent
from .summaries import summaries

_NO_FAULTS = Matching((), Attempt((None,), (), ("",), None, None))


class Service:
    """SageMaker Metrics of one account. Any thread may use it. It never waits.

    It raises an error only in forked children.
    """

    def __init__(self, settings: Settings, node_id: str) -> None:
        self.settings = settings
        self._seed = f"{settings.seed}/{node_id}"
        self._make_locks()
        self._forked_from: int | None = None
        self._request_id = request_ids(self._seed)
        self.calls: list[Call] = []
        """The journal."""
        self.on_call: list[Callable[[Call, int], None]] = []
        """Called with each call and its place in the journal, without the lock."""
        self._errors: list[str] = []
        self.injection = self._injection_of(())
        self.reset()

    def reset(self) -> None:
        """Answer the calls that are held, then restore the state at activation."""
        self.injection.end()
        with self.lock:
            self._store = Store(self.settings)
            self.calls = []
            self._errors = []
            self.injection = self._injection_of(self.settings.faults)
            self._arrivals = 0
            self._in_flight: list[tuple[str, str]] = []
            """Region and name of the trial components for which a request is held."""

    def _injection_of(self, templates: Sequence[Fault]) -> Injection:
        force = Force(lambda: len(self.calls), lambda: self.why_copy)
        return Injection(templates, self._seed, force)

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        with self.lock:
            store, restore_store = self._store, self._store.snapshot()
            calls, count, arrivals = self.calls, len(self.calls), self._arrivals
            injection, restore_faults = self.injection, self.injection.snapshot()

        def restore() -> None:
            self.injection.release()
            with self.lock:
                self._store, self.calls, self._arrivals = store, calls, arrivals
                self.injection = injection
                del calls[count:]
                restore_store()
                restore_faults()

        return restore

    def after_fork(self) -> None:
        """Raise an error at every call from now on: in a forked child it would be lost."""
        self._make_locks()  # another thread of the parent may have held them
        self._forked_from = os.getppid()

    @property
    def why_copy(self) -> str | None:
        """The reason why this is a copy that nothing reaches; None if it is the service itself.

        The server of the parent answers the calls of a forked child. The copy that the child has
        inherited stays as it was.
        """
        if self._forked_from is None or self.settings.child_processes != "answer":
            return None
        return (
            f"the mock was used in process {os.getpid()}, which was forked from process "
            f'{self._forked_from} while the mock was on there. With child_processes="answer" the '
            f"calls of this process are recorded in process {self._forked_from}: read the mock, "
            "assert on it, add faults and reset it there."
        )

    def require_original(self) -> None:
        """Raise a RuntimeError in a forked child that has a copy of the service only."""
        __tracebackhide__ = True
        why = self.why_copy
        if why:
            raise RuntimeError(why)

    def _make_locks(self) -> None:
        self.lock = threading.RLock()
        """Held while the state changes, never while a user's code runs."""
        self._arrived = threading.Condition(self.lock)

    # Reading

    def components(self) -> list[StoredTrialComponent]:
        """Return every known trial component in order of first arrival, empty ones too."""
        with self.lock:
            return self._store.components()

    def series(self, component: StoredTrialComponent) -> dict[str, SeriesColumns]:
        """Return the metrics of a trial component by name, in order of first arrival."""
        with self.lock:
            return dict(component.series())

    def stored(self, name: str, region: str) -> StoredTrialComponent:
        """Return a trial component of a region; an empty one if it is not known."""
        with self.lock:
            return self._store.find(name, region)

    def knows(self, name: str, region: str) -> bool:
        """Return True if a trial component is known in a region, with metrics or without."""
        with self.lock:
            return self._store.knows(name, region)

    def is_created(self, name: str) -> bool:
        """Return True if a trial component is known in some region, with metrics or without."""
        with self.lock:
            return self._store.is_created(name)

    def deleted_in(self, name: str) -> list[str]:
        """Return the regions in which a trial component was deleted, and not created again."""
        with self.lock:
            return self._store.deleted_in(name)

    def summaries(self, name_or_arn: str, region: str) -> list[dict[str, Any]]:
        """Return the summaries of a trial component's metrics.

        An ARN of another account or region has none.
        """
        name = trial_component_named(name_or_arn) or name_or_arn
        arn = trial_component_arn(region, self.settings.account_id, name)
        with self.lock:
            component = self._store.get(name, region) if name_or_arn in (name, arn) else None
            return summaries(component, arn) if component else []

    def wait_for_arrival(self, after: int, timeout: float) -> None:
        """Wait until the journal has more calls than `after`, at most `timeout` seconds, real time.

        It may return early.
        """
        with self.lock:
            if len(self.calls) == after:
                self._arrived.wait(timeout)

    def take_errors(self) -> list[str]:
        """Return and clear the messages about errors of the test itself that the service met.

        They are predicates that raised, and holds that did not end. The code under test may have
        caught them.
        """
        with self.lock:
            errors, self._errors = self._errors, []
        return repeated(errors)

    # The control plane

    def create_trial_component(self, name: str, region: str | None) -> StoredTrialComponent:
        """Make a trial component known in a region; None: in every region."""
        with self.lock:
            return self._store.create(name, region)

    def delete_trial_component(self, name: str, region: str) -> None:
        """Remove a trial component and its metrics from a region."""
        with self.lock:
            self._store.delete(name, region)

    # The one way through

    def answer(self, request: Request) -> Answer | NoAnswer | HeldCall:
        """Answer a request, and enter it in the journal.

        If a fault holds the call, both happen when the fault releases it.
        """
        operation = operation_at(request.method, request.path)
        self._raise_in_forked_child(operation, request.body)
        parsed, failure = _parse(operation, request)
        attempt = _AttemptInService(self, request, operation, parsed, failure)
        if attempt.matching.failure:
            self._fail(attempt, attempt.matching.failure)
        with self.lock:
            held = self._admit(attempt)
            index = None if held else self._finish(attempt)
        if index is not None:
            self._report(attempt.call, index)
            return _answer(attempt.call)
        held_call: Answer | NoAnswer | HeldCall = held.hold(
            attempt.ordinal, partial(self._answer_held, attempt), partial(self._abandon, attempt)
        )
        return held_call

    def _raise_in_forked_child(self, operation: Operation | None, body: bytes) -> None:
        if self._forked_from is not None:
            name = operation.name if operation else None
            trial_component = operation.trial_component(body, None) if operation else None
            raise UnmockedCallError(_forked(name, self._forked_from), name, trial_component)

    def _admit(self, attempt: _AttemptInService) -> Any:
        """Count the arrival of a request. Return the fault that holds it; None if there is none."""
        self._count_arrival(attempt)
        attempt.call.is_contended = attempt.place in self._in_flight
        attempt.held = self.injection.first(attempt.matching.at(Stage.HOLD), attempt.ordinal)
        if attempt.held:
            self._in_flight.append(attempt.place)
        return attempt.held

    def _count_arrival(self, attempt: _AttemptInService) -> None:
        attempt.ordinal = self._arrivals
        self._arrivals += 1
        attempt.call.request_id = self._request_id(attempt.ordinal)

    def _fail(self, attempt: _AttemptInService, failure: FailedPredicate) -> NoReturn:
        """Enter a call for which a predicate raised, and raise its error. The call did nothing."""
        with self.lock:
            self._count_arrival(attempt)
            self._enter_unanswered(attempt.call, failure.raised)
            failure.fault.has_raised = True
            self._errors.append(failure.message(attempt.call))
        raise failure.raised

    def _finish(self, attempt: _AttemptInService) -> int:
        """Perform a request with the faults that fire. Return its place in the journal."""
        call = attempt.call
        parsed = self._inject(attempt)
        if parsed is not None and attempt.operation is not None:
            injected = self._inject_items(attempt.matching, attempt.ordinal)
            call.faults = (*call.faults, *dict.fromkeys(injected.values()))
            call.result = attempt.operation.perform(call, parsed, self._store, injected)
        return self._enter(call)

    def _inject(self, attempt: _AttemptInService) -> Parsed | None:
        """Set the outcome of a call by its faults. Return the request to perform; None for none."""
        call, ordinal = attempt.call, attempt.ordinal
        call.outcome = call.in_service = attempt.failure
        if attempt.matching is _NO_FAULTS:
            return attempt.parsed
        delays = self.injection.all(attempt.matching.at(Stage.DELAY), ordinal)
        fault = self.injection.first(attempt.matching.at(Stage.CALL), ordinal)
        call.faults = tuple(one for one in (attempt.held, *delays, fault) if one)
        parsed = attempt.parsed
        if fault:
            call.outcome = self._outcome(fault, attempt)
            parsed = parsed if fault.stored else None
            if isinstance(call.outcome, Failure) or not fault.stored:
                call.in_service = call.outcome
        call.delay = sum(delay.seconds for delay in delays)
        if attempt.read_timeout is not None and call.delay > attempt.read_timeout:
            call.outcome = NoAnswer("ReadTimeoutError")
        return parsed

    def _inject_items(self, matching: Matching, ordinal: int) -> Mapping[int, Fault]:
        """Return the faults of single metrics or queries that fire, by index."""
        if not matching.items:
            return {}
        firsts = {
            index: self.injection.first(faults, ordinal, index)
            for index, faults in sorted(matching.items.items())
        }
        return {index: fault for index, fault in firsts.items() if fault}

    def _outcome(self, fault: Any, attempt: _AttemptInService) -> Outcome:
        operation, call, account_id = attempt.operation, attempt.call, self.settings.account_id
        caller = self.settings.caller_arn or default_caller(call.region, account_id)
        wanted = fault.filter("trial_component")
        resource = operation.resource(call, account_id, wanted) if operation else "*"
        outcome: Outcome = fault.outcome(call.operation, resource, caller)
        return outcome

    def _enter(self, call: Call) -> int:
        self.calls.append(call)
        self._arrived.notify_all()
        return len(self.calls) - 1

    def _report(self, call: Call, index: int) -> None:
        for listener in self.on_call:
            listener(call, index)

    def lose_answer(self, request_id: str) -> None:
        """Note in the journal that a client stopped waiting for an answer. Data stays stored."""
        with self.lock:
            for call in reversed(self.calls):
                if call.request_id == request_id:
                    call.outcome = NoAnswer(ConnectionAbortedError)
                    return

    # Held calls

    def _answer_held(self, attempt: _AttemptInService) -> Answer | NoAnswer:
        with self.lock:
            self._leave(attempt)
            index = self._finish(attempt)
        self._report(attempt.call, index)
        return _answer(attempt.call)

    def _abandon(self, attempt: _AttemptInService, error: BaseException, finding: str) -> None:
        """Enter a held call whose caller stopped waiting. It did nothing."""
        call = attempt.call
        call.faults = (attempt.held,)
        with self.lock:
            self._leave(attempt)
            self._enter_unanswered(call, error)
            if finding:
                self._errors.append(joined(finding, [f"the call: {call!r}"]))

    def _enter_unanswered(self, call: Call, error: BaseException) -> None:
        call.outcome = call.in_service = NoAnswer(type(error).__name__)
        self._enter(call)

    def _leave(self, attempt: _AttemptInService) -> None:
        if attempt.place in self._in_flight:
            self._in_flight.remove(attempt.place)


class _AttemptInService:
    """A request on its way through the service."""

    __slots__ = (
        "call",
        "failure",
        "held",
        "matching",
        "operation",
        "ordinal",
        "parsed",
        "place",
        "read_timeout",
    )

    def __init__(
        self,
        service: Service,
        request: Request,
        operation: Operation | None,
        parsed: Parsed | None,
        failure: Failure | None,
    ) -> None:
        name = operation.trial_component(request.body, parsed) if operation else None
        self.call = Call(request, operation.name if operation else None, name)
        self.operation, self.parsed, self.failure = operation, parsed, failure
        self.read_timeout = request.read_timeout
        self.place = (request.region, name or "")
        """The trial component for which it is in flight."""
        self.ordinal: int
        """The place among all attempts that reached the service, from 0."""
        self.held: Any = None
        """The fault that holds it."""
        faults = service.injection.in_force
        self.matching = _NO_FAULTS
        """The faults whose filters it passes."""
        if faults:
            self.matching = Matching(tuple(faults), attempt_of(self.call, parsed))


def _parse(operation: Operation | None, request: Request) -> tuple[Parsed | None, Failure | None]:
    if operation is None:
        message = why_no_operation(request.method, request.path)
        return None, Failure(404, str(UNKNOWN_OPERATION.code), message)
    try:
        return operation.parse(request.body), None
    except RefusedRequestError as error:
        return None, Failure(error.status, error.code, error.message)


def _answer(call: Call) -> Answer | NoAnswer:
    outcome = call.outcome
    if isinstance(outcome, NoAnswer):
        return outcome._replace(unsent=_success(call), delay=call.delay)
    if isinstance(outcome, Raw):
        answer = raw_answer(outcome.status, outcome.body, call.request_id, call.time)
    elif isinstance(outcome, Failure):
        status, code, message = outcome
        answer = error_answer(status, code, message, call.request_id, call.time)
    else:
        answer = _success(call)
    return answer._replace(delay=call.delay) if call.delay else answer


def _success(call: Call) -> Answer:
    body = call.result.body if call.result else b"{}"
    return json_answer(200, body, call.request_id, call.time)


def _forked(operation: str | None, parent: int) -> str:
    return (
        f"{operation} was called in process {os.getpid()}, which was forked from process {parent} "
        "while a mock of SageMaker Metrics was on there: the mock in the parent cannot record it. "
        'It did not reach AWS. The setting child_processes="answer" has that mock answer the '
        "child, also beside sm_metrics_server; it needs the extra server. Or log from the parent "
        "or from its threads, or enter mock_sm_metrics() in the child and read its metrics there."
    )
