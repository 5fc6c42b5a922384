"""All trails of a mock: from `create_trail`, and from clients of CloudTrail."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..aws.errors import client_error
from ..service.journal import Call
from ..service.service import Service
from ..wording import described, repeated
from .selectors import (
    InvalidEventSelectorsError,
    Selection,
    check_selectors_of_clients,
    selection,
    selection_of_clients,
)
from .trail import Trail

_SHOWN = 5  # errors of `on_event` functions that a report lists


_Key = tuple[str, str]
"""The home region and the name of a trail."""


class Trails:
    """The trails of a mock.

    They follow the journal, and the calls that clients make to CloudTrail.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._by_key: dict[_Key, Trail] = {}
        self._created_here: set[_Key] = set()
        """The trails that no client has made."""
        self._deleted: dict[_Key, Trail] = {}
        self.unknown: dict[_Key, None] = {}
        """The trails that clients named but did not create while the mock was on, in order."""
        self.raised: list[str] = []
        """The errors of `on_event` functions that are not reported yet."""
        service.on_call.append(self.on_call)

    @property
    def all(self) -> list[Trail]:
        """All trails, in the order of their creation."""
        return list(self._by_key.values())

    def add(self, trail: Trail) -> Trail:
        """Add a trail; raise a ClientError for a name or a bucket that AWS would not accept."""
        __tracebackhide__ = True
        key = (trail.home_region, trail.name)
        _check_name(trail.name)
        if key in self._by_key:
            raise client_error(
                "TrailAlreadyExistsException", f"Trail {trail.name} already exists", "CreateTrail"
            )
        _check_bucket(trail.s3_bucket)
        _check_prefix(trail.s3_prefix)
        self._by_key[key] = trail
        self._created_here.add(key)
        self.unknown.pop(key, None)
        self._continue_deleted(trail)
        return trail

    # Calls that clients make to CloudTrail

    def why_refused(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        """Return the code and message with which AWS would refuse a call, or None.

        Only errors are checked that the tool that answers the call cannot know or does not raise.
        """
        if operation == "CreateTrail" and (region, name) in self._created_here:
            return "TrailAlreadyExistsException", f"Trail {name} already exists"
        if operation == "PutEventSelectors":
            try:
                check_selectors_of_clients(
                    parameters.get("AdvancedEventSelectors") or [],
                    parameters.get("EventSelectors") or [],
                )
            except InvalidEventSelectorsError as error:
                return "InvalidEventSelectorsException", str(error)
        return None

    def apply_call(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> None:
        """Apply a call that has succeeded."""
        key = (region, name)
        if operation == "CreateTrail":
            self._by_key[key] = self._new_trail(name, region, parameters)
            self.unknown.pop(key, None)
        elif operation == "DeleteTrail":
            self._delete(key)
        elif key in self._by_key:
            _CHANGES[operation](self._by_key[key], parameters)
        else:
            self.unknown[key] = None

    def _new_trail(self, name: str, region: str, parameters: Mapping[str, Any]) -> Trail:
        """Return a trail as a client made it; it does not log yet."""
        trail = Trail(
            self._service,
            name,
            home_region=region,
            only_region=None if parameters.get("IsMultiRegionTrail") else region,
            s3_bucket=parameters.get("S3BucketName"),
            s3_prefix=parameters.get("S3KeyPrefix"),
            digests=bool(parameters.get("EnableLogFileValidation")),
            is_organization_trail=bool(parameters.get("IsOrganizationTrail")),
        )
        self._continue_deleted(trail)
        return trail

    def _delete(self, key: _Key) -> None:
        self.unknown.pop(key, None)
        trail = self._by_key.pop(key, None)
        if trail is not None:
            self._deleted[key] = trail
            trail.stop_logging()

    def _continue_deleted(self, trail: Trail) -> None:
        """Continue the digests of a deleted trail of this name."""
        earlier = self._deleted.pop((trail.home_region, trail.name), None)
        if earlier is not None:
            trail.continue_digests_of(earlier)

    # Calls of SageMaker Metrics

    def on_call(self, call: Call, index: int) -> None:
        """Pass a call to all trails.

        An error of a user's function fails the test, not the call: AWS would not report it to the
        caller.
        """
        for trail in self.all:
            try:
                trail.on_call(call, index)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # what pytest.fail raises is no Exception
                what, where = described(error, own_frames=2)
                self.raised.append(f"on_event of trail {trail.name!r} raised {what}{where}")

    def take_findings(self) -> list[str]:
        """Return and clear the messages that fail the test: errors of users' functions."""
        raised, self.raised = self.raised, []
        found = repeated(raised)
        if len(found) > _SHOWN:
            return [*found[:_SHOWN], f"on_event raised {len(found) - _SHOWN} more"]
        return found

    def reset(self) -> None:
        """Remove all trails, as at activation."""
        for trail in self.all:
            trail.clear()
        self._by_key = {}
        self._created_here = set()
        self._deleted = {}
        self.unknown = {}
        self.raised = []

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present trails."""
        by_key, created_here = dict(self._by_key), set(self._created_here)
        deleted, unknown = dict(self._deleted), dict(self.unknown)
        restores = [trail.snapshot() for trail in self.all]

        def restore() -> None:
            self._by_key, self._created_here = dict(by_key), set(created_here)
            self._deleted, self.unknown = dict(deleted), dict(unknown)
            for restore_trail in restores:
                restore_trail()

        return restore


def _update(trail: Trail, parameters: Mapping[str, Any]) -> None:
    if "S3BucketName" in parameters:
        trail.set_bucket(parameters["S3BucketName"])
    trail.s3_prefix = parameters.get("S3KeyPrefix", trail.s3_prefix)
    trail.digests = parameters.get("EnableLogFileValidation", trail.digests)
    trail.is_organization_trail = parameters.get("IsOrganizationTrail", trail.is_organization_trail)
    if "IsMultiRegionTrail" in parameters:
        trail.set_only_region(None if parameters["IsMultiRegionTrail"] else trail.home_region)


def _put_selectors(trail: Trail, parameters: Mapping[str, Any]) -> None:
    selectors = parameters.get("AdvancedEventSelectors") or []
    trail.set_selectors(selectors, selection_of_clients(selectors))


_CHANGES: dict[str, Callable[[Trail, Mapping[str, Any]], None]] = {
    "UpdateTrail": _update,
    "PutEventSelectors": _put_selectors,
    "StartLogging": lambda trail, _: trail.start_logging(),
    "StopLogging": lambda trail, _: trail.stop_logging(),
}


def checked_selection(advanced: Any) -> Selection:
    """Return what `selection` returns; raise its error as a ClientError, under AWS's name."""
    __tracebackhide__ = True
    try:
        return selection(advanced)
    except InvalidEventSelectorsError as error:
        raise client_error(
            "InvalidEventSelectorsException", str(error), "PutEventSelectors"
        ) from None


def _check_name(name: object) -> None:
    __tracebackhide__ = True
    is_valid = (
        isinstance(name, str)
        and 3 <= len(name) <= 128
        and re.fullmatch(_NAME, name)
        and not re.fullmatch(_IP_ADDRESS, name)
    )
    if not is_valid:
        raise client_error(
            "InvalidTrailNameException",
            f"the name of a trail is {name!r}; accepted are 3 to 128 letters, digits, periods, "
            "underscores and dashes, with a letter or a digit at both ends and no two of the "
            "others side by side, but no IP address",
            "CreateTrail",
        )


def _check_bucket(bucket: object) -> None:
    __tracebackhide__ = True
    is_valid = bucket is None or (
        isinstance(bucket, str)
        and re.fullmatch(_BUCKET, bucket)
        and not re.fullmatch(_IP_ADDRESS, bucket)
    )
    if not is_valid:
        raise client_error(
            "InvalidS3BucketNameException",
            f"s3_bucket is {bucket!r}, which is no name of a bucket",
            "CreateTrail",
        )


def _check_prefix(prefix: object) -> None:
    __tracebackhide__ = True
    is_valid = prefix is None or (
        isinstance(prefix, str) and len(prefix) <= 200 and re.fullmatch(_PREFIX, prefix)
    )
    if not is_valid:
        raise client_error(
            "InvalidS3PrefixException",
            f"s3_prefix is {prefix!r}; accepted is None, or a string of 1 to 200 printable "
            "characters, without a slash at either end",
            "CreateTrail",
        )


_NAME = r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*"
_IP_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
_BUCKET = r"(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_CONTROL = r"\x00-\x1f\x7f-\x9f\ud800-\udfff"
_PREFIX = rf"[^/{_CONTROL}](?:[^{_CONTROL}]*[^/{_CONTROL}])?"
