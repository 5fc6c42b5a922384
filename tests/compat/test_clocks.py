"""freezegun and time-machine: the service's time is frozen, waiting is not."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import freezegun
import pytest
import time_machine

from pytest_sm_metrics import mock_sm_metrics

from ..logging_metrics import NOON, client_in, metric, put


@pytest.fixture(params=["freezegun", "time-machine"])
def frozen(request):
    """Time stands still at noon."""
    with freezegun.freeze_time(NOON) if request.param == "freezegun" else time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def client():
    return client_in("us-east-1")


def test_calls_arrive_in_frozen_time(frozen, client, sm_metrics):
    put(client, "run-1", metric(timestamp=datetime.now(timezone.utc)))
    assert sm_metrics.calls[0].timestamp == NOON
    assert sm_metrics["run-1"]["loss"].timestamps == [NOON]


@pytest.mark.parametrize(
    ("offset", "accepted"),
    [
        (timedelta(days=-14), True),
        (timedelta(days=-14, seconds=-1), False),
        (timedelta(hours=2), True),
        (timedelta(hours=2, seconds=1), False),
    ],
)
def test_the_timestamp_window_lies_around_frozen_time(frozen, client, offset, accepted):
    with mock_sm_metrics(timestamp_window=(timedelta(days=14), timedelta(hours=2))) as sm_metrics:
        put(client, "run-1", metric(timestamp=NOON + offset))
    assert ("run-1" in sm_metrics) is accepted
    if not accepted:
        [rejected] = sm_metrics.rejected
        assert (rejected.code, rejected.rule.id) == ("VALIDATION_ERROR", "Timestamp.window")
        assert "is not within timestamp_window (past 14 days, 0:00:00, future 2:00:00) of 2026-09-01 12:00:00+00:00" in rejected.reason


def test_waiting_goes_on_while_time_is_frozen(frozen, sm_metrics):
    with pytest.raises(AssertionError, match=r"not true within 0\.05 seconds"):
        sm_metrics.wait_for(lambda sm_metrics: "run-1" in sm_metrics, timeout=0.05)


def test_what_arrives_while_time_is_frozen_ends_the_waiting(frozen, client, sm_metrics):
    sender = threading.Timer(0, put, [client, "run-1", metric()])
    sender.start()
    sm_metrics.wait_for(lambda sm_metrics: "run-1" in sm_metrics)
    sender.join()


def test_a_clock_that_is_first_seen_frozen_is_told_apart():
    from pytest_sm_metrics.clock import real_clock

    with freezegun.freeze_time(NOON):
        first = real_clock()
        threading.Event().wait(0.01)
        assert real_clock() > first


def test_a_call_that_is_held_too_long_is_told_while_time_is_frozen(frozen, client, sm_metrics):
    with sm_metrics.hold_calls(timeout=0.01), pytest.raises(RuntimeError, match="held for 0"):
        put(client, "run-1", metric())


def test_retries_need_no_time(frozen, client, sm_metrics):
    sm_metrics.fail_calls("ThrottlingException", times=4)
    put(client, "run-1", metric())
    assert {call.timestamp for call in sm_metrics.calls} == {NOON}
