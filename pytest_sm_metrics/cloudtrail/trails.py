"""All trails of a mock: who makes and changes them, and what they see."""

from __future__ import annotations

import re
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..aws.errors import client_error
from ..service.journal import Call
from ..service.service import Service
from ..wording import counted
from .selectors import InvalidEventSelectorsError, Selection, check_basic, selection
from .trail import Trail

_SHOWN = 5  # errors of users' functions


class Trails:
    """The trails by name. It watches the journal, and is told what clients ask of CloudTrail."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._by_name: dict[tuple[str, str], Trail] = {}
        """By home region and name."""
        self.unknown: dict[tuple[str, str], None] = {}
        """Trails that clients spoke of, and that were made before the mock was on."""
        self._own: set[tuple[str, str]] = set()
        """Those that no client has made."""
        self._deleted: dict[tuple[str, str], Trail] = {}
        self.raised: list[str] = []
        """What users' functions have raised, and nobody was told yet."""
        service.on_call.append(self.on_call)

    @property
    def all(self) -> list[Trail]:
        """In the order in which they were made."""
        return list(self._by_name.values())

    def add(self, trail: Trail) -> Trail:
        """A trail more; a ClientError, as AWS names it, for a name or a bucket that AWS would not accept."""
        __tracebackhide__ = True
        _check_name(trail.name)
        if (trail.home_region, trail.name) in self._by_name:
            raise client_error(
                "TrailAlreadyExistsException", f"Trail {trail.name} already exists", "CreateTrail"
            )
        _check_bucket(trail.s3_bucket, trail.s3_prefix)
        self._by_name[trail.home_region, trail.name] = trail
        self._own.add((trail.home_region, trail.name))
        self._let_go_on(trail)
        return trail

    # What clients ask of CloudTrail, whoever answers them

    def why_refused(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        """What AWS would answer, and whoever answers in its place cannot know or does not say: code and message."""
        if operation == "CreateTrail" and (region, name) in self._own:
            return "TrailAlreadyExistsException", f"Trail {name} already exists"
        if operation == "PutEventSelectors":
            try:
                _check_selectors(
                    parameters.get("AdvancedEventSelectors") or [],
                    parameters.get("EventSelectors") or [],
                )
            except InvalidEventSelectorsError as error:
                return "InvalidEventSelectorsException", str(error)
        return None

    def apply_call(
        self, operation: str, name: str, region: str, parameters: Mapping[str, Any]
    ) -> None:
        """A call has succeeded."""
        key = (region, name)
        if operation == "CreateTrail":
            self._by_name[key] = self._made_by_a_client(name, region, parameters)
            self.unknown.pop(key, None)
        elif key not in self._by_name:
            if operation == "DeleteTrail":
                self.unknown.pop(key, None)
            else:
                self.unknown[key] = None
        elif operation == "DeleteTrail":
            self._deleted[key] = self._by_name.pop(key)
            self._deleted[key].stop_logging()
        else:
            _CHANGES[operation](self._by_name[key], parameters)

    def _made_by_a_client(self, name: str, region: str, parameters: Mapping[str, Any]) -> Trail:
        """A trail that does not log yet."""
        trail = Trail(
            self._service,
            name,
            home_region=region,
            only_region=None if parameters.get("IsMultiRegionTrail") else region,
            s3_bucket=parameters.get("S3BucketName"),
            s3_prefix=parameters.get("S3KeyPrefix"),
            digests=bool(parameters.get("EnableLogFileValidation")),
        )
        self._let_go_on(trail)
        return trail

    def _let_go_on(self, trail: Trail) -> None:
        earlier = self._deleted.pop((trail.home_region, trail.name), None)
        if earlier:
            trail.go_on_from(earlier)

    # Watching the journal

    def on_call(self, call: Call, index: int) -> None:
        """Tell the trails. What a user's function raises is told when the test is judged: AWS would not tell the caller."""
        for trail in self.all:
            try:
                trail.on_call(call, index)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # what pytest.fail raises is no Exception
                _, _, *frames = traceback.extract_tb(
                    error.__traceback__
                )  # without those of this package
                where = f" in {frames[0].filename}:{frames[0].lineno}" if frames else ""
                self.raised.append(
                    f"on_event of trail {trail.name!r} raised {type(error).__name__}: {_words_of(error)}{where}"
                )

    def take_findings(self) -> list[str]:
        """What users' functions have raised since this was last asked."""
        raised, self.raised = self.raised, []
        found = [
            told if times == 1 else f"{told} ({counted(times, 'time')})"
            for told, times in Counter(raised).items()
        ]
        return (
            [*found[:_SHOWN], f"on_event raised {len(found) - _SHOWN} more"]
            if len(found) > _SHOWN
            else found
        )

    def reset(self) -> None:
        """Back to the state at activation: no trails."""
        for trail in self.all:
            trail.forget()
        self._by_name, self._own, self._deleted, self.raised, self.unknown = {}, set(), {}, [], {}

    def snapshot(self) -> Callable[[], None]:
        """What brings back the trails of now."""
        deleted, unknown = dict(self._deleted), dict(self.unknown)
        trails, own, restores = (
            dict(self._by_name),
            set(self._own),
            [trail.snapshot() for trail in self.all],
        )

        def restore() -> None:
            self._by_name, self._own, self._deleted, self.unknown = (
                dict(trails),
                set(own),
                dict(deleted),
                dict(unknown),
            )
            for restore_trail in restores:
                restore_trail()

        return restore


def _check_selectors(advanced: Sequence[Any], basic: Sequence[Any]) -> None:
    if advanced and basic:
        raise InvalidEventSelectorsError(
            "a trail has EventSelectors or AdvancedEventSelectors, not both"
        )
    check_basic(basic)
    selection(advanced)


def _update(trail: Trail, parameters: Mapping[str, Any]) -> None:
    if "S3BucketName" in parameters:
        trail.move(parameters["S3BucketName"])
    trail.s3_prefix = parameters.get("S3KeyPrefix", trail.s3_prefix)
    trail.digests = parameters.get("EnableLogFileValidation", trail.digests)
    if "IsMultiRegionTrail" in parameters:
        trail.reach(None if parameters["IsMultiRegionTrail"] else trail.home_region)


def _select(trail: Trail, parameters: Mapping[str, Any]) -> None:
    selectors = parameters.get("AdvancedEventSelectors") or []
    trail.select(selectors, selection(selectors))


def _words_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a user's own class may say anything
        return "an error without words"


_CHANGES: dict[str, Callable[[Trail, Mapping[str, Any]], None]] = {
    "UpdateTrail": _update,
    "PutEventSelectors": _select,
    "StartLogging": lambda trail, _: trail.start_logging(),
    "StopLogging": lambda trail, _: trail.stop_logging(),
}


def judged(advanced: Any) -> Selection:
    """What selectors select; a ClientError, as AWS names it, for those that AWS would not accept."""
    __tracebackhide__ = True
    try:
        return selection(advanced)
    except InvalidEventSelectorsError as error:
        raise client_error(
            "InvalidEventSelectorsException", str(error), "PutEventSelectors"
        ) from None


def _check_name(name: object) -> None:
    __tracebackhide__ = True
    if (
        not isinstance(name, str)
        or not 3 <= len(name) <= 128
        or not re.fullmatch(_NAME, name)
        or re.fullmatch(_IP_ADDRESS, name)
    ):
        accepted = (
            "3 to 128 letters, digits, periods, underscores and dashes, with a letter or a digit at both ends and no two of the others "
            "side by side, but no IP address"
        )
        raise client_error(
            "InvalidTrailNameException",
            f"the name of a trail is {name!r}; accepted are {accepted}",
            "CreateTrail",
        )


def _check_bucket(bucket: object, prefix: object) -> None:
    __tracebackhide__ = True
    if bucket is not None and (
        not isinstance(bucket, str)
        or not re.fullmatch(_BUCKET, bucket)
        or re.fullmatch(_IP_ADDRESS, bucket)
    ):
        raise client_error(
            "InvalidS3BucketNameException",
            f"s3_bucket is {bucket!r}, which is no name of a bucket",
            "CreateTrail",
        )
    if prefix is not None and (
        not isinstance(prefix, str) or len(prefix) > 200 or not re.fullmatch(_PREFIX, prefix)
    ):
        accepted = "1 to 200 printable characters, without a slash at either end"
        raise client_error(
            "InvalidS3PrefixException",
            f"s3_prefix is {prefix!r}; accepted is None, or a string of {accepted}",
            "CreateTrail",
        )


_NAME = r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*"
_IP_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
_BUCKET = r"(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_PREFIX = r"[^/\x00-\x1f](?:[^\x00-\x1f]*[^/\x00-\x1f])?"
