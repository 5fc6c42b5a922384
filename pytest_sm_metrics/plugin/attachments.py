"""The attachment of a test's report: what its mocks saw, as data that travels through xdist."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from ..aws.active import ActiveMock, active
from ..current_test import name_of
from ..reports.counts import counts_of
from ..reports.run import CountsRecord
from . import asking
from .failures import internal_error
from .judge import judge_of


class Attachment(TypedDict):
    """The data of one attempt at a test."""

    test: str
    """The node id, without the group of xdist."""
    uses_mock: bool
    """False if it made blocked calls only."""
    counts: CountsRecord
    record: str
    """Its `TestRecord` as JSON; empty if there is none."""
    problem: str
    """The reason if there is none, or the interruption of the test."""


def attachment_of(item: Any, is_recorded: bool) -> Attachment | None:
    """Return what the mocks of a test saw; None if it used none.

    `is_recorded`: a report is asked for, which needs more than the counts.
    """
    used = [one for one in active.of_this_test() if _is_used(item, one)]
    blocked = judge_of(item.config).blocked
    if not used and not blocked:
        return None
    record, problem = _record(item, blocked) if is_recorded else ("", "")
    return {
        "test": name_of(item),
        "uses_mock": bool(used),
        "counts": counts_of(used),
        "record": record,
        "problem": problem,
    }


def _is_used(item: Any, one: ActiveMock) -> bool:
    """Return True for a mock of the test; for a shared one, if it asks for it or calls it."""
    if one.scope_rank <= 1 or len(one.service.calls) > one.calls_before_test:
        return True
    return asking.uses(item, one.fixture)


def _record(item: Any, blocked: list[str]) -> tuple[str, str]:
    """Return the record of a test as JSON, and the reason if there is none."""
    try:
        from ..reports.record import record_test

        record = record_test(name_of(item), active.of_this_test(), blocked, most=None)
        return json.dumps(record, allow_nan=False), ""
    except Exception as error:
        return "", internal_error("recorded a test", error)
