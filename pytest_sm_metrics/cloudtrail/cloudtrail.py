"""CloudTrail, as a test uses it: every event, and trails."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..asserting.assertions import ANYTHING, verify
from ..aws.active import active
from ..service.operations import operation_named
from ..service.service import Service
from ..wording import counted
from .assertions import any_matches, why_none_matches
from .records import is_recorded, record_of
from .trail import OnEvent, Trail
from .trails import Trails, checked_selection

_HOME_REGION = "us-east-1"


class CloudTrail:
    """The CloudTrail data events of a mock, and the trails that hold them.

    Data events are off until a trail selects them, as on AWS: without a trail that has advanced
    event selectors nothing is delivered. `events` always shows every event. A record is made when
    it is read.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._trails = Trails(service)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event, one for each attempt, as a trail that selects all data events holds them.

        Each is a plain dict in CloudTrail's field order.
        """
        return list(self._events())

    def _events(self) -> Iterator[dict[str, Any]]:
        self._service.require_original()
        return (
            record_of(call, self._service.settings)
            for call in list(self._service.calls)
            if is_recorded(call)
        )

    @property
    def trails(self) -> list[Trail]:
        """All trails, those made through boto3 too, in the order of their creation."""
        self._service.require_original()
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
        """Create a trail of all regions, which logs at once.

        - `advanced_event_selectors`: as PutEventSelectors takes them; without any the trail holds
          no event.
        - `s3_bucket`, `s3_prefix`: the bucket that it delivers to through an S3 client, and the
          prefix of the keys.
        - `digests`: if True it delivers digest files as well, hourly, each with the hash of the
          one before.
        - `on_event`: a function that is called with the EventBridge envelope of each event that
          the trail holds, at the time of the event.

        Raises a RuntimeError if the mock is off; a ClientError, under AWS's name, for arguments
        that AWS would not accept: InvalidTrailNameException, TrailAlreadyExistsException,
        InvalidS3BucketNameException, InvalidS3PrefixException, InvalidEventSelectorsException. Then
        there is no new trail.
        """
        __tracebackhide__ = True
        self._service.require_original()
        active.require(self._service, "create_trail(...)")
        _check_on_event(on_event)
        if not isinstance(digests, bool):
            raise TypeError(f"digests is {digests!r}; accepted is True or False")
        selectors = [] if advanced_event_selectors is None else advanced_event_selectors
        selects = checked_selection(selectors)
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
        trail.set_selectors(selectors, selects)
        trail.start_logging()
        return trail

    def deliver(self, where: Any) -> list[str]:
        """Deliver the new events of all trails, those made through boto3 too; return the keys.

        See `Trail.deliver`. Through an S3 client, trails without a bucket are left out; if there
        are trails and none has a bucket, this is a ValueError.
        """
        __tracebackhide__ = True
        trails = self.trails
        if hasattr(where, "put_object"):
            with_bucket = [trail for trail in trails if trail.s3_bucket is not None]
            trails = with_bucket or trails
        for trail in trails:  # so that an invalid one raises before anything is delivered
            trail.check_delivery(where)
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
        """Assert that there is an event like this.

        An argument that is left out matches anything. A compiled regular expression is searched.

        - `metric_name`, `step`, `value`: the event has one metric with all of these; `step=None`
          is a metric without a step.
        - `error_code`: None is a call that did not fail as a whole.
        - `user_identity`: an ARN, a service principal, or a dict of some members of userIdentity.
        - `timeout`: the seconds to wait for the event, in real time.
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
            lambda: why_none_matches(self._events(), expected, self._why_no_event()),
            timeout,
            passes=lambda: any_matches(self._events(), expected),
        )

    def _why_no_event(self) -> Iterator[str]:
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
        return (
            f"<CloudTrail: {counted(events, 'event')}, {counted(len(self._trails.all), 'trail')}>"
        )


def _check_on_event(on_event: object) -> None:
    __tracebackhide__ = True
    if on_event is None:
        return
    if not callable(on_event) or inspect.iscoroutinefunction(on_event):
        raise TypeError(
            f"on_event is {on_event!r}; "
            "accepted is a function, no async one, that takes an event, or None"
        )
