"""The mock: its service, and all that a test reads and asserts."""

from __future__ import annotations

import os
import sys
import unittest
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import accepted
from .accepted import is_number, is_whole
from .asserting import assertions
from .asserting.assertions import ANYTHING
from .asserting.findings import Findings, OptOutHint
from .aws.active import ActiveMock, active
from .aws.quotas import Quotas
from .aws.regions import aws_regions, configured_regions
from .cloudtrail.cloudtrail import CloudTrail
from .current_test import current_test
from .exceptions import AbsentError
from .faults import Injects
from .reading.plain import plain_call, plain_rejected, plain_trial_component
from .reading.recorded import RejectedMetric, TrialComponent, rejected_metrics
from .reading.why_absent import why_ambiguous, why_no_trial_component
from .service.journal import Call
from .service.parsing import RefusedRequestError
from .service.put_metrics.parser import check_trial_component_name
from .service.service import Service
from .service.store import EVERY_REGION, StoredTrialComponent
from .settings import Settings
from .wording import closest, listed, printable_lines

if TYPE_CHECKING:
    from .server.server import SageMakerMetricsServer


class SageMakerMetricsMock(Mapping[str, TrialComponent], Injects):
    """A mock of Amazon SageMaker Metrics: it answers calls, and a test reads what arrived.

    It is a read-only mapping. A key is the name of a trial component that holds at least one
    accepted metric; the value is a `TrialComponent`. The mock is true even if it is empty, and it
    can be read after it is off:

        sm_metrics["run-1"]["loss"].values == [0.9, 0.5, 0.3]

    `sm_metrics[name]` raises a KeyError that lists similar names if the name is absent. It raises
    a LookupError that is no KeyError if several regions hold the name: `trial_component` takes a
    region.

    The service appends: a point that arrives twice is kept twice (observed on AWS). `RULES` lists
    everything that the service does, and the source of each rule.
    """

    def __init__(self, settings: Settings, node_id: str, opt_out_hint: OptOutHint) -> None:
        self._unchecked_service = Service(settings, node_id)
        self._cloudtrail = CloudTrail(self._unchecked_service)
        self._quotas = Quotas()
        self._calls_read = 0
        """The length of the journal when the user last read it."""
        self._findings = Findings(
            self._unchecked_service, opt_out_hint, self._cloudtrail._trails.take_findings
        )

    @property
    def _service(self) -> Service:
        """The service; a RuntimeError in a forked child that has a copy of it only."""
        __tracebackhide__ = True
        self._unchecked_service.require_original()
        return self._unchecked_service

    def _record(self, **more: Any) -> ActiveMock:
        """Return the record of an activation."""
        trails = self._cloudtrail._trails
        return ActiveMock(self, self._unchecked_service, trails, self._quotas, **more)

    def _snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        parts = (self._unchecked_service, self._cloudtrail._trails, self._findings, self._quotas)
        restores = [part.snapshot() for part in parts]
        calls_read = self._calls_read

        def restore() -> None:
            for restore_part in restores:
                restore_part()
            self._calls_read = calls_read

        return restore

    def stop(self) -> None:
        """Deactivate the mock, then `check()` it; do nothing if it is off already.

        In a `finally` or an `except` that handles an exception, it does not check: a finding would
        hide that exception. The findings count if the test passes all the same, or is skipped.
        """
        __tracebackhide__ = True
        self._unchecked_service.injection.release()
        if active.interception.deactivate(self):
            self._judge(sys.exc_info()[0])

    def _judge(self, error: type[BaseException] | None) -> None:
        """Check the mock when it is off; leave its findings to the test if an exception left it.

        A forked child judges no copy: its parent does.
        """
        __tracebackhide__ = True
        if self._unchecked_service.why_copy:
            return
        if error is None:
            self.check()
        else:
            self._leave_findings(error)

    def _leave_findings(self, error: type[BaseException] | None = None) -> None:
        """Leave the findings to the test that runs, since an exception has left the mock.

        They count if the test passes all the same, or is skipped. Without pytest, raise an
        AssertionError in place of a skip.
        """
        __tracebackhide__ = True
        found = self._findings.take(unused=False)
        if current_test.name is not None:
            active.left += [(message, False) for message in found]
            active.left += [(message, True) for message in self._findings.take()]
        elif found and error is not None and issubclass(error, unittest.SkipTest):
            raise AssertionError(printable_lines("\n".join(found)))

    def serve(self) -> SageMakerMetricsServer:
        """Return the server of this process: SageMaker Metrics over HTTP, for other processes.

            with sm_metrics.serve() as server:
                subprocess.run(command, env={**os.environ, **server.env}, check=True)

        The innermost mock answers each request when it arrives, as it answers a client in this
        process. Raises a RuntimeError if this mock is off: it would answer no request.
        """
        active.require(self._service, "serve()")
        from .server.server import shared

        return shared

    # Reading

    def __getitem__(self, name: str) -> TrialComponent:
        __tracebackhide__ = True
        held = [component for component in self._named(name) if component.count]
        if not held:
            raise AbsentError(name, partial(why_no_trial_component, self._service, name, None))
        return self._only(name, held)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __iter__(self) -> Iterator[str]:
        components = self._service.components()
        return iter(dict.fromkeys(component.name for component in components if component.count))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def trial_component(self, name: str, region: str | None = None) -> TrialComponent:
        """Return a trial component by name and region, also one that holds no metrics yet.

        `region` is an AWS region, for example `"eu-west-1"`. It may be left out if the trial
        component is known in one region only.

        Raises a KeyError if it was not created and no metric was accepted for it; a LookupError
        that is no KeyError if no region is given and it is known in several.
        """
        __tracebackhide__ = True
        _check_region(region)
        if region is not None and self._service.knows(name, region):
            return TrialComponent(self._service, name, region)
        known = [] if region is not None else self._named(name)
        if not known:
            raise AbsentError(name, partial(self._why_absent, name, region))
        return self._only(name, known)

    def _why_absent(self, name: str, region: str | None) -> str:
        absent = why_no_trial_component(self._service, name, region)
        unknown = self._why_unknown(region)
        return f"{absent}\n  - {unknown}" if unknown else absent

    @property
    def trial_components(self) -> list[TrialComponent]:
        """All trial components, of every region, empty ones too, in order of first arrival."""
        return [
            TrialComponent(self._service, component.name, component.region)
            for component in self._service.components()
        ]

    def create_trial_component(self, name: str, region: str | None = None) -> TrialComponent:
        """Make a trial component known, as CreateTrialComponent does; None: in every region.

        Return it. It can be read at once.

        Only the setting `unknown_trial_component="reject"` asks for this. By default the service
        accepts metrics for an unknown trial component, and knows it from then on (assumed).

        Raises a ValueError for an unknown region, and for a name that the service rejects. A name
        has 1 to 120 characters: lower-case letters, digits, and hyphens that are neither first nor
        last (documented). Raises a RuntimeError if the mock is off.
        """
        _check_region(region)
        active.require(self._service, "create_trial_component(...)")
        unknown = self._why_unknown(region)
        if unknown:
            raise ValueError(unknown)
        try:
            check_trial_component_name(name)
        except RefusedRequestError as error:
            raise ValueError(error.message) from None
        created = self._service.create_trial_component(name, region)
        return TrialComponent(self._service, created.name, created.region)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every attempt that reached the mock, in order. botocore's retries are attempts, too."""
        self._calls_read = len(self._service.calls)
        return tuple(self._service.calls)

    @property
    def cloudtrail(self) -> CloudTrail:
        """The CloudTrail data events that an auditor would see, and the trails that hold them."""
        self._unchecked_service.require_original()
        return self._cloudtrail

    @property
    def rejected(self) -> list[RejectedMetric]:
        """Every rejected metric, in order of arrival: the entries in Errors of HTTP 200 answers.

        The shape is documented: BatchPutMetricsError. A call that failed as a whole is in `calls`
        alone.
        """
        return rejected_metrics(self._service, self.calls)

    def to_dict(self, ids: bool = True) -> dict[str, Any]:
        """Return everything as plain data that JSON can carry, for snapshots and golden files.

        The keys are `trial_components`, sorted by name and region, `calls` and `rejected`, both in
        order of arrival. The result repeats from run to run: it leaves out arrival times, user
        agents and invocation ids. Request ids depend on the node id of the test, and so on the
        folder in which pytest is started: `ids=False` leaves them out.

        Timestamps are ISO 8601 strings. A Value that is not finite is a string, as botocore sends
        it: `"NaN"`, `"Infinity"` or `"-Infinity"`.
        """
        components = sorted(self.trial_components, key=lambda one: (one.name, one.region))
        calls = list(map(plain_call, self.calls))
        rejected = list(map(plain_rejected, self.rejected))
        if not ids:
            for one in (*calls, *rejected):
                del one["request_id"]
        return {
            "trial_components": list(map(plain_trial_component, components)),
            "calls": calls,
            "rejected": rejected,
        }

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write a report of this mock to a file, and return its path.

            with mock_sm_metrics() as sm_metrics:
                train()
                sm_metrics.report("run.html")

        The suffix decides about the format: `.html` is a page, `.json` is data with a published
        schema, `.md` is a summary of at most 60 lines. The report has all that reached the mock
        so far, as the one test of a run. An existing file is replaced.

        A relative path is relative to the current directory. A page needs the extra `report`.

        Raises a ValueError for another suffix, a directory, a folder that does not exist and a
        missing permission; an ImportError for a page without the extra.
        """
        from .reports.files import check_path, write
        from .reports.mock_run import run_of

        __tracebackhide__ = True
        checked = Path(path)
        check_path(checked)
        write(run_of(self._record(), current_test.name or ""), checked)
        return checked

    def reset(self) -> None:
        """Restore the state at activation; check nothing.

        Trial components, calls, trails and added faults are removed. Calls that are held are
        answered first. Findings that no check has reported are dropped. Request ids and the faults
        of the settings start again.
        """
        self._service.reset()
        self._calls_read = 0
        self._cloudtrail._trails.reset()
        self._findings.reset()
        self._quotas.restore_all()

    def check(self) -> None:
        """Raise an AssertionError for what fails the test. Each finding is reported once.

        The findings are:

        - a fault that never fired, unless `unused_faults` is "ignore" or the fault is optional;
        - a metric that a rule rejected, if `rejected_metrics` is "error";
        - an exception that a predicate of a fault's filter raised;
        - a call that `hold_calls` held until its timeout;
        - an exception that the `on_event` of a CloudTrail trail raised.

        A fixture checks when the test body has passed; `stop()`, a context manager and a decorator
        check on leaving.
        """
        __tracebackhide__ = True
        self._unchecked_service.require_original()
        found = self._findings.take()
        if found:
            raise AssertionError(printable_lines("\n".join(found)))

    def wait_for(
        self, predicate: Callable[[SageMakerMetricsMock], object], timeout: float = 5
    ) -> None:
        """Wait until `predicate(sm_metrics)` is true: for metrics that a background thread sends.

        The predicate is called after each call that arrives. A LookupError that it raises, because
        a trial component is still absent for example, counts as not true, and so does an
        AssertionError. The assertion helpers return True:

            sm_metrics.wait_for(lambda sm_metrics: sm_metrics.assert_logged("run-1", "loss"))

        None is not true: a function with `assert` statements ends with `return True`.

        `timeout` is in seconds of real time, also if the clock is frozen. In a coroutine:
        `await asyncio.to_thread(sm_metrics.wait_for, predicate)`.

        Raises an AssertionError that lists the metrics and calls that arrived.
        """
        __tracebackhide__ = True
        is_timeout = is_number(timeout) and timeout >= 0
        accepted.check("timeout", timeout, is_timeout, "a number of seconds from 0")
        result: object = None
        raised: LookupError | AssertionError | None = None

        def passes() -> bool:
            nonlocal result, raised
            try:
                result, raised = predicate(self), None
            except (LookupError, AssertionError) as error:
                result, raised = False, error
            return bool(result)

        if not assertions.wait_until(self._service, passes, timeout):
            raise AssertionError(assertions.why_not_true(self._service, timeout, result, raised))

    # Asserting. The helpers return True, so that `wait_for` takes one as its predicate.

    def assert_logged(
        self,
        trial_component: str,
        metric_name: str,
        value: Any = ANYTHING,
        *,
        step: Any = ANYTHING,
        values: Any = ANYTHING,
        steps: Any = ANYTHING,
        last: Any = ANYTHING,
        count: Any = ANYTHING,
        region: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Assert that a metric was logged and accepted. An argument left out matches anything.

        - `value`, `step`: one point that has both. `step=None` is a point without a Step.
        - `values`, `steps`: the whole series, in order of arrival.
        - `last`: the Value with the latest Timestamp; of equal ones, the last to arrive.
        - `count`: the number of points.
        - `region`: an AWS region; if it is left out, one region that fits is enough.
        - `timeout`: the seconds of real time to wait for the metric.

        An expected value may be a `pytest.approx`. A series may be anything that has an order: a
        list, a tuple, a range, a NumPy array.

        Raises an AssertionError that lists the differences, similar names and rejected metrics; a
        TypeError if `values` or `steps` has no order.
        """
        __tracebackhide__ = True
        expected = assertions.Expected(
            value=value,
            step=step,
            values=assertions.as_list("values", values),
            steps=assertions.as_list("steps", steps),
            last=last,
            count=count,
        )
        check = partial(
            assertions.check_logged, self._service, trial_component, metric_name, region, expected
        )
        return self._verify(check, region, timeout)

    def assert_not_logged(
        self, trial_component: str, metric_name: str, *, region: str | None = None
    ) -> bool:
        """Assert that no metric of this name was accepted for the trial component.

        `region` is an AWS region; if it is left out, no region may hold the metric.

        Raises an AssertionError that lists the values and steps that arrived.
        """
        __tracebackhide__ = True
        check = partial(
            assertions.check_not_logged, self._service, trial_component, metric_name, region
        )
        return self._verify(check, region)

    def assert_no_rejected_metrics(self, *, region: str | None = None) -> bool:
        """Assert that no metric was rejected, by a rule or by a fault.

        `region` is an AWS region; if it is left out, metrics of all regions count.

        Raises an AssertionError that lists the rejected metrics and the reasons.
        """
        __tracebackhide__ = True
        rejected = [one for one in self.rejected if region in (None, one.call.region)]
        check = partial(assertions.check_no_rejected_metrics, rejected)
        return self._verify(check, region)

    def assert_called(
        self,
        operation: str | None = None,
        trial_component: str | None = None,
        *,
        times: int | None = None,
        region: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Assert that calls reached the mock. An argument left out matches anything.

        - `operation`: `"BatchPutMetrics"` or `"BatchGetMetrics"`.
        - `trial_component`: a name. BatchGetMetrics counts for each name in its queries.
        - `times`: the number of attempts, retries included; 0 for never, None for at least one.
        - `region`: an AWS region.
        - `timeout`: the seconds of real time to wait for the calls.

        Raises an AssertionError that lists the attempts that arrived.
        """
        __tracebackhide__ = True
        is_times = times is None or is_whole(times, 0)
        accepted.check("times", times, is_times, "None for at least once, or a whole number from 0")
        check = partial(
            assertions.check_called, self._service, operation, trial_component, region, times
        )
        return self._verify(check, region, timeout)

    def _verify(
        self, check: Callable[[], str | None], region: str | None, timeout: float | None = None
    ) -> bool:
        """Verify a check of one region or of all. Return True, for `wait_for`."""
        __tracebackhide__ = True
        _check_region(region)
        is_timeout = timeout is None or (is_number(timeout) and timeout >= 0)
        accepted.check("timeout", timeout, is_timeout, "None, or a number of seconds from 0")
        assertions.verify(self._service, lambda: self._why_unknown(region) or check(), timeout)
        return True

    def _why_unknown(self, region: str | None) -> str | None:
        """Return a message about a region that AWS does not have, and no call has used."""
        if region is None or region in aws_regions():
            return None
        used = {call.region for call in self._service.calls} | configured_regions()
        used |= {component.region for component in self._service.components()}
        if region in used:
            return None
        near = closest(region, sorted(aws_regions() | used - {EVERY_REGION}))
        nearest = f"; the nearest: {listed(near)}" if near else ""
        return f"region {region!r} is none of AWS's, and no call has used it{nearest}"

    def __repr__(self) -> str:
        if self._unchecked_service.why_copy:
            return "<sm_metrics: a copy in a forked child>"
        components = self._service.components()[:10]
        held = ", ".join(f"{component.name!r} ({component.count})" for component in components)
        calls = self._service.calls
        rejected = sum(len(call.refused) for call in calls)
        counts = f"calls: {len(calls)}, rejected metrics: {rejected}"
        return f"<sm_metrics: {held or 'no trial components'}; {counts}>"

    def _named(self, name: str) -> list[StoredTrialComponent]:
        return [component for component in self._service.components() if component.name == name]

    def _only(self, name: str, components: list[StoredTrialComponent]) -> TrialComponent:
        """Return the one trial component; raise a LookupError if several regions have it."""
        __tracebackhide__ = True
        regions = [component.region for component in components]
        if len(regions) > 1:
            raise LookupError(why_ambiguous(name, regions))
        return TrialComponent(self._service, name, regions[0])


def _check_region(region: object) -> None:
    """Raise a ValueError for what is no name of a region."""
    __tracebackhide__ = True
    is_name = region is None or (isinstance(region, str) and region != "")
    accepted.check("region", region, is_name, "None for any, or the name of an AWS region")
