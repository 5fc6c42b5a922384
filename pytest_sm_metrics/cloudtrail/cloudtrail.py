"""CloudTrail as a test sees it: every event, and trails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..asserting import ANYTHING, verify
from ..explaining import counted
from ..service.journal import Call
from ..service.service import Service
from .asserting import check_event
from .records import is_recorded, record_of
from .selectors import InvalidEventSelectorsError, check_basic, selection
from .trail import OnEvent, Trail

_HOME_REGION = "us-east-1"


class CloudTrail:
    """The CloudTrail data events of a mock, and the trails that hold them.

    Records are made when somebody looks. Data events are off until a trail asks for them, as on AWS: without a trail with
    advanced event selectors nothing is delivered; `events` shows all the same what a trail of all data events would hold.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._trails: dict[str, Trail] = {}
        self._raised: list[tuple[str, Exception]] = []
        service.watchers.append(self)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event, as a trail of all data events would hold them: plain dicts in CloudTrail's field order, one for each attempt."""
        return [record_of(call, self._service.settings) for call in list(self._service.calls) if is_recorded(call)]

    @property
    def trails(self) -> list[Trail]:
        """All trails, those made through boto3 too, in the order in which they were made."""
        return list(self._trails.values())

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
        self._check_name(name)
        self._check_bucket(s3_bucket, s3_prefix)
        if on_event is not None and not callable(on_event):
            raise TypeError(f"on_event is {on_event!r}; accepted is a function that takes an event, or None")
        if not isinstance(digests, bool):
            raise TypeError(f"digests is {digests!r}; accepted is True or False")
        selectors = advanced_event_selectors or []
        selects = self._selection(selectors, "PutEventSelectors")
        trail = self._trails[name] = Trail(
            self._service,
            name,
            home_region=_HOME_REGION,
            only_region=None,
            s3_bucket=s3_bucket,
            s3_prefix=s3_prefix,
            digests=digests,
            on_event=on_event,
        )
        trail.select(selectors, selects)
        trail.start_logging()
        return trail

    def deliver(self, where: Any) -> list[str]:
        """Deliver what is new in all trails, those made through boto3 too: see `Trail.deliver`. Gives back the keys."""
        __tracebackhide__ = True
        for trail in self.trails:
            trail.destination(where)
        return [key for trail in self.trails for key in trail.deliver(where)]

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
        """Assert that there is an event. What is left out matches anything.

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
        verify(self._service, lambda: check_event(self.events, expected, self._why_none()), timeout)

    def _why_none(self) -> Iterator[str]:
        if not self._service.calls:
            yield "no SageMaker Metrics call has reached the mock"
        else:
            yield f"{counted(len(self._service.calls), 'call')} reached the mock, none of which CloudTrail records"

    def __repr__(self) -> str:
        return f"<CloudTrail: {counted(len(self.events), 'event')}, {counted(len(self._trails), 'trail')}>"

    # What a client asks of CloudTrail, whoever answers it

    def trail_created(self, name: str, region: str, parameters: Mapping[str, Any]) -> None:
        """A client has made a trail; it does not log yet."""
        self._trails.pop(name, None)
        only_region = None if parameters.get("IsMultiRegionTrail") else region
        bucket, prefix = parameters.get("S3BucketName"), parameters.get("S3KeyPrefix")
        digests = bool(parameters.get("EnableLogFileValidation"))
        self._trails[name] = Trail(
            self._service, name, home_region=region, only_region=only_region, s3_bucket=bucket, s3_prefix=prefix, digests=digests
        )

    def trail_updated(self, name: str, parameters: Mapping[str, Any]) -> None:
        """A client has changed a trail."""
        trail = self._trails.get(name)
        if trail is None:
            return
        trail.s3_bucket = parameters.get("S3BucketName", trail.s3_bucket)
        trail.s3_prefix = parameters.get("S3KeyPrefix", trail.s3_prefix)
        trail.digests = parameters.get("EnableLogFileValidation", trail.digests)
        if "IsMultiRegionTrail" in parameters:
            trail.only_region = None if parameters["IsMultiRegionTrail"] else trail.home_region

    def trail_deleted(self, name: str) -> None:
        """A client has deleted a trail."""
        self._trails.pop(name, None)

    def check_selectors(self, parameters: Mapping[str, Any]) -> None:
        """Raise what AWS would answer to the selectors that a client is about to put."""
        self._selection(parameters.get("AdvancedEventSelectors") or [], "PutEventSelectors", parameters.get("EventSelectors") or [])

    def selectors_put(self, name: str, parameters: Mapping[str, Any]) -> None:
        """A client has put selectors."""
        trail, selectors = self._trails.get(name), parameters.get("AdvancedEventSelectors") or []
        if trail is not None:
            trail.select(selectors, self._selection(selectors, "PutEventSelectors"))

    def logging_started(self, name: str) -> None:
        """A client has started a trail."""
        if name in self._trails:
            self._trails[name].start_logging()

    def logging_stopped(self, name: str) -> None:
        """A client has stopped a trail."""
        if name in self._trails:
            self._trails[name].stop_logging()

    # Watching the journal

    def saw(self, call: Call) -> None:
        """Tell the trails. What a user's function raises is told when the test is judged: AWS would not tell the caller."""
        for trail in self.trails:
            try:
                trail.saw(call)
            except Exception as error:
                self._raised.append((trail.name, error))

    def findings(self) -> list[str]:
        """What users' functions have raised since this was last asked."""
        raised, self._raised = self._raised, []
        return [f"on_event of trail {name!r} raised {error!r}" for name, error in raised]

    def reset(self) -> None:
        """Back to the state at activation: no trails."""
        self._trails, self._raised = {}, []

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the trails of now."""
        trails, restores = dict(self._trails), [trail.checkpoint() for trail in self._trails.values()]

        def restore() -> None:
            self._trails = dict(trails)
            for restore_trail in restores:
                restore_trail()

        return restore

    # Making trails

    def _selection(self, advanced: Any, operation: str, basic: Any = ()) -> Any:
        __tracebackhide__ = True
        try:
            check_basic(basic)
            return selection(advanced)
        except InvalidEventSelectorsError as error:
            _refuse("InvalidEventSelectorsException", str(error), operation)

    def _check_name(self, name: str) -> None:
        __tracebackhide__ = True
        if not isinstance(name, str) or not 3 <= len(name) <= 128 or not re.fullmatch(_NAME, name) or re.fullmatch(_IP_ADDRESS, name):
            accepted = (
                "3 to 128 letters, digits, periods, underscores and dashes, with a letter or a digit at both ends and no two of the others "
                "side by side, but no IP address"
            )
            _refuse("InvalidTrailNameException", f"the name of a trail is {name!r}; accepted are {accepted}", "CreateTrail")
        if name in self._trails:
            _refuse("TrailAlreadyExistsException", f"Trail {name} already exists", "CreateTrail")

    def _check_bucket(self, bucket: str | None, prefix: str | None) -> None:
        __tracebackhide__ = True
        if bucket is not None and (not isinstance(bucket, str) or not re.fullmatch(_BUCKET, bucket)):
            _refuse("InvalidS3BucketNameException", f"s3_bucket is {bucket!r}, which is no name of a bucket", "CreateTrail")
        if prefix is not None and (not isinstance(prefix, str) or not 1 <= len(prefix) <= 200 or prefix.endswith("/")):
            accepted = "1 to 200 characters, without a slash at the end"
            _refuse("InvalidS3PrefixException", f"s3_prefix is {prefix!r}; accepted is None, or a string of {accepted}", "CreateTrail")


_NAME = r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*"
_IP_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


def _refuse(code: str, message: str, operation: str) -> None:
    __tracebackhide__ = True
    from ..aws.errors import client_error

    raise client_error(code, message, operation)
