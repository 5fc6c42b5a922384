"""CloudTrail as a test sees it: every event, and trails."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..asserting.assertions import ANYTHING, verify
from ..service.operations import operation_named
from ..service.service import Service
from ..wording import counted
from .assertions import is_there, why_not_there
from .records import is_recorded, record_of
from .trail import OnEvent, Trail
from .trails import Trails, judged

_HOME_REGION = "us-east-1"


class CloudTrail:
    """The CloudTrail data events of a mock, and the trails that hold them.

    Records are made when somebody looks. Data events are off until a trail asks for them, as on AWS: without a trail with
    advanced event selectors nothing is delivered; `events` shows all the same what a trail of all data events would hold.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._trails = Trails(service)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event, as a trail of all data events would hold them: plain dicts in CloudTrail's field order, one for each attempt."""
        return list(self._events())

    def _events(self) -> Iterator[dict[str, Any]]:
        return (
            record_of(call, self._service.settings)
            for call in list(self._service.calls)
            if is_recorded(call)
        )

    @property
    def trails(self) -> list[Trail]:
        """All trails, those made through boto3 too, in the order in which they were made."""
        return self._trails.all

    def create_trail(
        self,
        name: str,
        *,
        advanced_event_selectors: list[dict[str, Any]] | None = None,
        s3_bucket: str | None = None,
        s3_prefix: str | None = None,
        digests: bool = False,
        on_event: OnEvent | None = None,
    ) -> Trail:
        """Make a trail of all regions, which logs at once.

        `advanced_event_selectors`: as PutEventSelectors takes them; without any it holds no event. `s3_bucket`, `s3_prefix`: where it
        delivers through an S3 client. `digests`: digest files as well, hourly, each with the hash of the one before. `on_event`: called
        with the EventBridge envelope of each event that it holds, when it happens.

        A ClientError, as AWS names it, for what AWS would not accept: InvalidTrailNameException, TrailAlreadyExistsException,
        InvalidS3BucketNameException, InvalidS3PrefixException, InvalidEventSelectorsException. Then nothing is set up.
        """
        __tracebackhide__ = True
        if on_event is not None and (
            not callable(on_event) or inspect.iscoroutinefunction(on_event)
        ):
            raise TypeError(
                f"on_event is {on_event!r}; accepted is a function, no async one, that takes an event, or None"
            )
        if not isinstance(digests, bool):
            raise TypeError(f"digests is {digests!r}; accepted is True or False")
        selectors = [] if advanced_event_selectors is None else advanced_event_selectors
        selects = judged(selectors)
        trail = Trail(
            self._service,
            name,
            home_region=_HOME_REGION,
            only_region=None,
            s3_bucket=s3_bucket,
            s3_prefix=s3_prefix,
            digests=digests,
            on_event=on_event,
        )
        self._trails.add(trail)
        trail.select(selectors, selects)
        trail.start_logging()
        return trail

    def deliver(self, where: Any) -> list[str]:
        """Deliver what is new in all trails, those made through boto3 too: see `Trail.deliver`. Gives back the keys.

        To an S3 client: in the trails that have a bucket. A ValueError where there are trails and none has one.
        """
        __tracebackhide__ = True
        with_bucket = [trail for trail in self.trails if trail.s3_bucket is not None]
        trails = with_bucket if with_bucket and hasattr(where, "put_object") else self.trails
        for trail in trails:
            trail.destination(where)
        return [key for trail in trails for key in trail.deliver(where)]

    def assert_event(
        self,
        trial_component: Any = ANYTHING,
        *,
        metric_name: Any = ANYTHING,
        step: Any = ANYTHING,
        value: Any = ANYTHING,
        error_code: Any = ANYTHING,
        user_identity: Any = ANYTHING,
        region: Any = ANYTHING,
        timeout: float | None = None,
    ) -> None:
        """Assert that there is an event. What is left out matches anything; a compiled regular expression is searched.

        `metric_name`, `step` (None: a metric without one) and `value` ask for one metric with all of them; `error_code=None` for a call
        that did not fail as a whole; `user_identity` for an ARN, a service principal, or some members of userIdentity as a dict.
        `timeout`: seconds to wait for it, real time.
        """
        __tracebackhide__ = True
        expected = {
            "trial_component": trial_component,
            "metric_name": metric_name,
            "step": step,
            "value": value,
            "error_code": error_code,
            "user_identity": user_identity,
            "region": region,
        }
        verify(
            self._service,
            lambda: why_not_there(self._events(), expected, self._why_none()),
            timeout,
            passes=lambda: is_there(self._events(), expected),
        )

    def _why_none(self) -> Iterator[str]:
        called = Counter(call.operation for call in self._service.calls)
        if not called:
            yield "no SageMaker Metrics call has reached the mock"
        for name, times in called.items():
            operation = operation_named(name)
            is_data_event = operation is not None and operation.is_data_event
            why = "reached the service" if is_data_event else "is recorded by CloudTrail"
            yield f"{counted(times, 'call')} of {name} reached the mock, none of which {why}"

    def __repr__(self) -> str:
        events = sum(map(is_recorded, list(self._service.calls)))
        return f"<CloudTrail: {counted(events, 'event')}, {counted(len(self.trails), 'trail')}>"
