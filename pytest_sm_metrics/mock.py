"""The mock: what a test reads from it, and asserts on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from .asserting import assertions
from .asserting.assertions import ANYTHING
from .asserting.findings import Findings, OptOutHint
from .aws.active import ActiveMock, active
from .aws.quotas import Quotas
from .cloudtrail.cloudtrail import CloudTrail
from .exceptions import AbsentError
from .faults import Injects
from .reading.plain import plain_call, plain_rejected, plain_trial_component
from .reading.recorded import RejectedMetric, TrialComponent, rejected_metrics
from .reading.why_absent import why_no_trial_component
from .service.journal import Call
from .service.parsing import RefusedRequestError
from .service.put_metrics.parser import check_trial_component_name
from .service.service import Service
from .service.store import EVERY_REGION, StoredTrialComponent
from .settings import Settings


class SageMakerMetricsMock(Mapping[str, TrialComponent], Injects):
    """What stands in for Amazon SageMaker Metrics, and what a test reads from it.

    A read-only mapping from the names of the trial components that hold accepted metrics to these
    trial components; true even while it is empty. It can be read after it is off.
    """

    def __init__(self, settings: Settings, node_id: str, opt_out_hint: OptOutHint) -> None:
        self._service = Service(settings, node_id)
        self._cloudtrail = CloudTrail(self._service)
        self._quotas = Quotas()
        self._findings = Findings(
            self._service, opt_out_hint, self._cloudtrail._trails.take_findings
        )

    def _record(self, **more: Any) -> ActiveMock:
        """Return the record of an activation."""
        return ActiveMock(self, self._service, self._cloudtrail._trails, self._quotas, **more)

    def _snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        parts = (self._service, self._cloudtrail._trails, self._findings, self._quotas)
        restores = [part.snapshot() for part in parts]

        def restore() -> None:
            for restore_part in restores:
                restore_part()

        return restore

    def stop(self) -> None:
        """Switch it off, then `check()`; nothing happens if it is off already.

        While an exception is on its way or being handled, in a `finally` or an `except`, nothing is checked, so that nothing hides it.
        """
        __tracebackhide__ = True
        self._service.injection.release()
        if active.interception.deactivate(self) and sys.exc_info()[1] is None:
            self.check()

    # Reading

    def __getitem__(self, name: str) -> TrialComponent:
        __tracebackhide__ = True
        held = [component for component in self._named(name) if component.count]
        if not held:
            raise AbsentError(name, partial(why_no_trial_component, self._service, name, None))
        return self._only(name, held)

    def __contains__(self, name: object) -> bool:
        return any(
            component.name == name and component.count for component in self._service.components()
        )

    def __iter__(self) -> Iterator[str]:
        return iter(
            dict.fromkeys(
                component.name for component in self._service.components() if component.count
            )
        )

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def trial_component(self, name: str, region: str | None = None) -> TrialComponent:
        """One trial component by name and region, also one that holds no metrics yet.

        A KeyError where nobody created it and no metric was accepted for it; a LookupError, which is no KeyError,
        where no region is given and it is known in several.
        """
        __tracebackhide__ = True
        known = [component for component in self._named(name) if region in (None, component.region)]
        if region is not None and not known and self._service.knows(name, region):
            known = [self._service.create_trial_component(name, region)]
        if not known:
            raise AbsentError(name, partial(why_no_trial_component, self._service, name, region))
        return self._only(name, known)

    @property
    def trial_components(self) -> list[TrialComponent]:
        """All trial components, of every region, empty ones too, in order of first arrival."""
        return [
            TrialComponent(self._service, component.name, component.region)
            for component in self._service.components()
        ]

    def create_trial_component(self, name: str, region: str | None = None) -> None:
        """Make a trial component known, as CreateTrialComponent would; None: in every region.

        A ValueError for a name that the service would refuse.
        """
        try:
            check_trial_component_name(name)
        except RefusedRequestError as error:
            raise ValueError(error.message) from None
        self._service.create_trial_component(name, region)

    @property
    def calls(self) -> list[Call]:
        """Every attempt that reached the mock, in order."""
        return list(self._service.calls)

    @property
    def cloudtrail(self) -> CloudTrail:
        """The CloudTrail data events that an auditor would see, and the trails that hold them."""
        return self._cloudtrail

    @property
    def rejected(self) -> list[RejectedMetric]:
        """Every rejected metric, in order. A call that was refused as a whole stands in `calls` alone."""
        return rejected_metrics(self._service, self.calls)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for snapshots and golden files: it repeats from run to run and is valid JSON.

        So it leaves out what differs between runs or machines: when calls arrived, their user agents and
        invocation ids. Timestamps are ISO 8601; a Value that is not finite is the string that stands for it on the wire.
        """
        components = sorted(self.trial_components, key=lambda one: (one.name, one.region))
        return {
            "trial_components": list(map(plain_trial_component, components)),
            "calls": list(map(plain_call, self.calls)),
            "rejected": list(map(plain_rejected, self.rejected)),
        }

    def reset(self) -> None:
        """Everything as at activation: trial components, calls, request ids, the settings' own faults. Checks nothing."""
        self._service.reset()
        self._cloudtrail._trails.reset()
        self._findings.reset()
        self._quotas.give_back()

    def check(self) -> None:
        """Judge now: an AssertionError if a fault never fired, or if a metric was rejected by a rule and `rejected_metrics` is "error".

        The fixtures do so when the test body has passed; `stop()`, a context manager and a decorator on leaving. What was told once is
        not told again.
        """
        __tracebackhide__ = True
        found = self._findings.take()
        if found:
            raise AssertionError("\n".join(found))

    def wait_for(
        self, predicate: Callable[[SageMakerMetricsMock], object], timeout: float = 5
    ) -> None:
        """Wait until `predicate(sm_metrics)` is true: for metrics that a background thread sends.

        The predicate is asked after each call that arrives; a LookupError that it raises (a run that is not there yet)
        counts as not true. After `timeout` seconds, real time even where time is frozen, an AssertionError says what
        did arrive. In a coroutine: `await asyncio.to_thread(sm_metrics.wait_for, predicate)`.
        """
        __tracebackhide__ = True
        raised: LookupError | None = None

        def passes() -> bool:
            nonlocal raised
            try:
                raised = None
                return bool(predicate(self))
            except LookupError as error:
                raised = error
                return False

        if not assertions.until(self._service, passes, timeout):
            raise AssertionError(assertions.check_waited(self._service, timeout, raised))

    # Asserting

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
    ) -> None:
        """Assert that a metric was logged and accepted. What is left out matches anything.

        `value` and `step` ask for one point with both (`step=None`: a point without a Step); `values` and `steps` for
        the whole series in order of arrival; `last` for the Value with the latest Timestamp; `count` for the number of
        points. `pytest.approx`, NumPy arrays and the like are welcome. `timeout`: seconds to wait for it, real time.
        """
        __tracebackhide__ = True
        values, steps = assertions.as_list("values", values), assertions.as_list("steps", steps)
        check = partial(
            assertions.check_logged, self._service, trial_component, metric_name, region,
            value=value, step=step, values=values, steps=steps, last=last, count=count,
        )  # fmt: skip
        assertions.verify(self._service, check, timeout)

    def assert_not_logged(
        self, trial_component: str, metric_name: str, *, region: str | None = None
    ) -> None:
        """Assert that no metric of this name was accepted for the trial component."""
        __tracebackhide__ = True
        assertions.verify(
            self._service,
            partial(
                assertions.check_not_logged, self._service, trial_component, metric_name, region
            ),
            None,
        )

    def assert_no_rejected_metrics(self, *, region: str | None = None) -> None:
        """Assert that no metric was rejected."""
        __tracebackhide__ = True
        rejected = [one for one in self.rejected if region in (None, one.call.region)]
        assertions.verify(
            self._service, partial(assertions.check_no_rejected_metrics, rejected), None
        )

    def assert_called(
        self,
        operation: str | None = None,
        trial_component: str | None = None,
        *,
        times: int | None = None,
        region: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Assert that calls reached the mock. `times` counts attempts, retries too: None for at least one, 0 for never.

        BatchGetMetrics is a call for every trial component that one of its queries names.
        """
        __tracebackhide__ = True
        check = partial(
            assertions.check_called, self._service, operation, trial_component, region, times
        )
        assertions.verify(self._service, check, timeout)

    def __repr__(self) -> str:
        held = ", ".join(
            f"{component.name!r} ({component.count})"
            for component in self._service.components()[:10]
        )
        calls = self.calls
        rejected = sum(len(call.refused) for call in calls)
        return f"<sm_metrics: {held or 'no trial components'}; calls: {len(calls)}, rejected metrics: {rejected}>"

    def _named(self, name: str) -> list[StoredTrialComponent]:
        return [component for component in self._service.components() if component.name == name]

    def _only(self, name: str, components: list[StoredTrialComponent]) -> TrialComponent:
        __tracebackhide__ = True
        regions = [component.region for component in components]
        if len(regions) > 1:
            raise LookupError(
                f"trial component {name!r} is held in several regions, {', '.join(regions)}: "
                f"ask for one with trial_component({name!r}, region={regions[0]!r})"
            )
        if regions == [EVERY_REGION]:
            raise LookupError(
                f"trial component {name!r} was created in every region, and holds metrics in none: "
                f"ask for one with trial_component({name!r}, region=...)"
            )
        return TrialComponent(self._service, name, regions[0])
