"""All trails of a mock: who makes and changes them, and what they see."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from ..service.journal import Call
from ..service.service import Service
from .selectors import InvalidEventSelectorsError, Selection, check_basic, selection
from .trail import Trail


class Trails:
    """The trails by name. It watches the journal, and is told what clients ask of CloudTrail."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._by_name: dict[str, Trail] = {}
        self._raised: list[tuple[str, Exception]] = []
        service.watchers.append(self)

    @property
    def all(self) -> list[Trail]:
        """In the order in which they were made."""
        return list(self._by_name.values())

    def add(self, trail: Trail) -> Trail:
        """A trail more; a ClientError, as AWS names it, for a name or a bucket that AWS would not accept."""
        __tracebackhide__ = True
        _check_name(trail.name)
        if trail.name in self._by_name:
            refuse("TrailAlreadyExistsException", f"Trail {trail.name} already exists", "CreateTrail")
        _check_bucket(trail.s3_bucket, trail.s3_prefix)
        self._by_name[trail.name] = trail
        return trail

    # What a client asks of CloudTrail, whoever answers it

    def trail_created(self, name: str, region: str, parameters: Mapping[str, Any]) -> None:
        """A client has made a trail; it does not log yet."""
        self._by_name.pop(name, None)
        only_region = None if parameters.get("IsMultiRegionTrail") else region
        bucket, prefix = parameters.get("S3BucketName"), parameters.get("S3KeyPrefix")
        digests = bool(parameters.get("EnableLogFileValidation"))
        self._by_name[name] = Trail(
            self._service, name, home_region=region, only_region=only_region, s3_bucket=bucket, s3_prefix=prefix, digests=digests
        )

    def trail_updated(self, name: str, parameters: Mapping[str, Any]) -> None:
        """A client has changed a trail."""
        trail = self._by_name.get(name)
        if trail is None:
            return
        trail.s3_bucket = parameters.get("S3BucketName", trail.s3_bucket)
        trail.s3_prefix = parameters.get("S3KeyPrefix", trail.s3_prefix)
        trail.digests = parameters.get("EnableLogFileValidation", trail.digests)
        if "IsMultiRegionTrail" in parameters:
            trail.only_region = None if parameters["IsMultiRegionTrail"] else trail.home_region

    def trail_deleted(self, name: str) -> None:
        """A client has deleted a trail."""
        self._by_name.pop(name, None)

    def check_selectors(self, parameters: Mapping[str, Any]) -> None:
        """Raise what AWS would answer to the selectors that a client is about to put."""
        judged(parameters.get("AdvancedEventSelectors") or [], parameters.get("EventSelectors") or [])

    def selectors_put(self, name: str, parameters: Mapping[str, Any]) -> None:
        """A client has put selectors."""
        trail, selectors = self._by_name.get(name), parameters.get("AdvancedEventSelectors") or []
        if trail is not None:
            trail.select(selectors, judged(selectors))

    def logging_started(self, name: str) -> None:
        """A client has started a trail."""
        if name in self._by_name:
            self._by_name[name].start_logging()

    def logging_stopped(self, name: str) -> None:
        """A client has stopped a trail."""
        if name in self._by_name:
            self._by_name[name].stop_logging()

    # Watching the journal

    def saw(self, call: Call) -> None:
        """Tell the trails. What a user's function raises is told when the test is judged: AWS would not tell the caller."""
        for trail in self.all:
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
        self._by_name, self._raised = {}, []

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the trails of now."""
        trails, restores = dict(self._by_name), [trail.checkpoint() for trail in self.all]

        def restore() -> None:
            self._by_name = dict(trails)
            for restore_trail in restores:
                restore_trail()

        return restore


def judged(advanced: Any, basic: Sequence[Mapping[str, Any]] = ()) -> Selection:
    """What selectors select; a ClientError, as AWS names it, for those that AWS would not accept."""
    __tracebackhide__ = True
    try:
        check_basic(basic)
        return selection(advanced)
    except InvalidEventSelectorsError as error:
        refuse("InvalidEventSelectorsException", str(error), "PutEventSelectors")


def _check_name(name: object) -> None:
    __tracebackhide__ = True
    if not isinstance(name, str) or not 3 <= len(name) <= 128 or not re.fullmatch(_NAME, name) or re.fullmatch(_IP_ADDRESS, name):
        accepted = (
            "3 to 128 letters, digits, periods, underscores and dashes, with a letter or a digit at both ends and no two of the others "
            "side by side, but no IP address"
        )
        refuse("InvalidTrailNameException", f"the name of a trail is {name!r}; accepted are {accepted}", "CreateTrail")


def _check_bucket(bucket: object, prefix: object) -> None:
    __tracebackhide__ = True
    if bucket is not None and (not isinstance(bucket, str) or not re.fullmatch(_BUCKET, bucket)):
        refuse("InvalidS3BucketNameException", f"s3_bucket is {bucket!r}, which is no name of a bucket", "CreateTrail")
    if prefix is not None and (not isinstance(prefix, str) or not 1 <= len(prefix) <= 200 or prefix.endswith("/")):
        accepted = "1 to 200 characters, without a slash at the end"
        refuse("InvalidS3PrefixException", f"s3_prefix is {prefix!r}; accepted is None, or a string of {accepted}", "CreateTrail")


_NAME = r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*"
_IP_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


def refuse(code: str, message: str, operation: str) -> NoReturn:
    """Raise what a client raises when AWS answers with this code."""
    __tracebackhide__ = True
    from ..aws.errors import client_error

    raise client_error(code, message, operation)
