"""Counts: what reached the mocks of a test, in four numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..aws.active import ActiveMock
from ..service.journal import Call
from .run import CountsRecord


def no_counts() -> CountsRecord:
    """Return counts of zero."""
    return {"calls": 0, "metrics": 0, "rejected": 0, "unread": 0}


def summed(counts: Iterable[CountsRecord]) -> CountsRecord:
    """Return the sum of counts."""
    total = no_counts()
    for one in counts:
        total["calls"] += one["calls"]
        total["metrics"] += one["metrics"]
        total["rejected"] += one["rejected"]
        total["unread"] += one["unread"]
    return total


def counts_of(mocks: Iterable[ActiveMock]) -> CountsRecord:
    """Return what reached the mocks during the test."""
    return summed(map(_counts, mocks))


def _counts(active: ActiveMock) -> CountsRecord:
    service, before = active.service, active.calls_before_test
    calls = service.calls[before:]
    unread = service.calls[max(before, active.mock._calls_read) :]
    fails = service.settings.rejected_metrics == "error"  # then a finding has reported them
    return {
        "calls": len(calls),
        "metrics": sum(one.count - active.metrics_before(one) for one in service.components()),
        "rejected": sum(len(call.refused) for call in calls),
        "unread": 0 if fails else _rejected_by_rules(unread),
    }


def _rejected_by_rules(calls: Sequence[Call]) -> int:
    return sum(not refusal.is_injected for call in calls for refusal in call.refused)
