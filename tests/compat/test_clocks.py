"""freezegun and time-machine: the service's time is frozen, waiting is not."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

import boto3
import freezegun
import pytest
import time_machine

from pytest_sm_metrics import mock_sm_metrics

from ..logging_metrics import NOON, client_in, get, metric, put
from ..requests import query


@pytest.fixture(params=["freezegun", "time-machine"])
def frozen(request):
    """Time stands still at noon."""
    with (
        freezegun.freeze_time(NOON)
        if request.param == "freezegun"
        else time_machine.travel(NOON, tick=False)
    ):
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
        window = "timestamp_window (past 14 days, 0:00:00, future 2:00:00)"
        assert f"is not within {window} of 2026-09-01 12:00:00+00:00" in rejected.reason


def test_waiting_goes_on_while_time_is_frozen(frozen, sm_metrics):
    with pytest.raises(AssertionError, match=r"not true within 0\.05 seconds"):
        sm_metrics.wait_for(lambda sm_metrics: "run-1" in sm_metrics, timeout=0.05)


def test_what_arrives_while_time_is_frozen_ends_the_waiting(frozen, client, sm_metrics):
    sender = threading.Timer(0, put, [client, "run-1", metric()])
    sender.start()
    sm_metrics.wait_for(lambda sm_metrics: "run-1" in sm_metrics)
    sender.join()


def test_a_clock_that_is_first_seen_frozen_is_recognized():
    from pytest_sm_metrics.clock import real_clock

    with freezegun.freeze_time(NOON):
        first = real_clock()
        threading.Event().wait(0.01)
        assert real_clock() > first


def test_a_call_that_is_held_too_long_is_reported_while_time_is_frozen(frozen, client, sm_metrics):
    with sm_metrics.hold_calls(timeout=0.01), pytest.raises(RuntimeError, match="held for 0"):
        put(client, "run-1", metric())
    with pytest.raises(AssertionError, match="a call was held"):
        sm_metrics.check()


def test_retries_need_no_time(frozen, client, sm_metrics):
    sm_metrics.fail_calls("ThrottlingException", times=2)
    put(client, "run-1", metric())
    assert {call.timestamp for call in sm_metrics.calls} == {NOON}


def test_waiting_for_held_calls_goes_on_while_time_is_frozen(frozen, sm_metrics):
    with (
        sm_metrics.hold_calls(timeout=0.05, optional=True) as held,
        pytest.raises(AssertionError, match=r"0 of 1 calls were held within 0\.05 seconds"),
    ):
        held.wait()


@pytest.mark.parametrize(
    "freeze",
    [freezegun.freeze_time, lambda moment: time_machine.travel(moment, tick=False)],
    ids=["freezegun", "time-machine"],
)
def test_request_ids_are_the_same_at_any_time(freeze, client, sm_metrics):
    ids = []
    for moment in ("2026-09-01", "2030-01-01"):
        sm_metrics.reset()
        with freeze(moment):
            put(client, "run-1", metric())
            put(client, "run-1", metric())
        ids.append([call.request_id for call in sm_metrics.calls])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_events_have_the_frozen_time(frozen, client, sm_metrics):
    put(client, "run-1", metric())
    [event] = sm_metrics.cloudtrail.events
    assert event["eventTime"] == "2026-09-01T12:00:00Z"


MINUTES = [NOON, NOON + timedelta(minutes=1), NOON + timedelta(days=1)]


def _freezegun_moves():
    with freezegun.freeze_time(NOON) as clock:
        yield
        clock.tick(timedelta(minutes=1))
        yield
        clock.move_to(NOON + timedelta(days=1))
        yield


def _time_machine_moves():
    with time_machine.travel(NOON, tick=False) as clock:
        yield
        clock.shift(timedelta(minutes=1))
        yield
        clock.move_to(NOON + timedelta(days=1))
        yield


@pytest.mark.parametrize("moments", [_freezegun_moves, _time_machine_moves])
def test_a_clock_that_is_moved(moments, client, sm_metrics):
    for _ in moments():
        put(client, "run-1", metric(timestamp=datetime.now(timezone.utc)))
    assert [call.timestamp for call in sm_metrics.calls] == MINUTES
    assert sm_metrics["run-1"]["loss"].timestamps == MINUTES


@pytest.mark.parametrize("moments", [_freezegun_moves, _time_machine_moves])
def test_queries_find_what_was_put_in_frozen_time(moments, client, sm_metrics):
    for _ in moments():
        now = datetime.now(timezone.utc)
        put(client, "run-1", metric(timestamp=now), metric(timestamp=now + timedelta(seconds=59)))
    day = {
        "Start": int(NOON.timestamp()) * 1000,
        "End": int((NOON + timedelta(hours=1)).timestamp()) * 1000,
    }
    [result] = get(
        client, query(MetricStat="Count", Period="OneMinute", XAxisType="Timestamp", **day)
    )
    assert result["XAxisValues"] == [int(moment.timestamp()) * 1000 for moment in MINUTES[:2]]
    assert result["MetricValues"] == [2, 2]


@pytest.mark.parametrize(
    "ticking",
    [
        freezegun.freeze_time(NOON, tick=True),
        freezegun.freeze_time(NOON, auto_tick_seconds=1),
        time_machine.travel(NOON, tick=True),
    ],
    ids=["freezegun", "freezegun, by itself", "time-machine"],
)
def test_a_clock_that_ticks(ticking, client):
    window = (timedelta(minutes=1), timedelta(0))
    with ticking, mock_sm_metrics(timestamp_window=window, rejected_metrics="error") as sm_metrics:
        put(client, "run-1", metric(timestamp=datetime.now(timezone.utc)))
        put(client, "run-1", metric(timestamp=datetime.now(timezone.utc)))
    arrivals = [call.timestamp for call in sm_metrics.calls]
    assert NOON < arrivals[0] < arrivals[1] < NOON + timedelta(minutes=1)
    assert all(
        NOON <= logged < arrived
        for logged, arrived in zip(sm_metrics["run-1"]["loss"].timestamps, arrivals, strict=True)
    )


def test_an_offset_from_utc_is_nothing_to_the_service(client, sm_metrics):
    with freezegun.freeze_time(NOON, tz_offset=-4):
        put(client, "run-1", metric())
    assert sm_metrics.calls[0].timestamp == NOON


def test_the_service_is_frozen_where_botocore_is_not(client, sm_metrics):
    with freezegun.freeze_time(NOON, ignore=["botocore"]):
        put(client, "run-1", metric())
    assert sm_metrics.calls[0].timestamp == NOON


def test_the_innermost_of_nested_freezes(client, sm_metrics):
    with freezegun.freeze_time("2030-01-01"), freezegun.freeze_time(NOON):
        put(client, "run-1", metric())
    assert sm_metrics.calls[0].timestamp == NOON


def test_the_end_of_time(client, sm_metrics):
    with freezegun.freeze_time("9999-12-31 23:59:59.999999"):
        put(client, "run-1", metric())
    assert sm_metrics.calls[0].timestamp == datetime.max.replace(tzinfo=timezone.utc)


FIRST_SEEN_FROZEN = """
import freezegun
with freezegun.freeze_time("2026-09-01 12:00"):
    from pytest_sm_metrics.clock import now
    first = now()
assert first == 1788264000
assert now() != first
"""


def test_a_service_that_is_first_seen_frozen():
    subprocess.run([sys.executable, "-c", FIRST_SEEN_FROZEN], check=True, timeout=60)


def test_what_is_signed_has_the_frozen_time(frozen, sm_metrics):
    """Other services, and SageMaker Metrics when the mock is off."""
    moto = pytest.importorskip("moto")
    signed = []
    with moto.mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.events.register_first(
            "before-send", lambda request, **_: signed.append(request.headers.get("X-Amz-Date"))
        )
        client = session.client("sagemaker-metrics")
        put(client, "run-1", metric())
        session.client("sagemaker").create_trial_component(TrialComponentName="run-1")
        sm_metrics.stop()
        put(client, "run-1", metric())
    assert signed == [None, b"20260901T120000Z", b"20260901T120000Z"]


MARKED = """
from datetime import datetime, timedelta, timezone
import pytest
from trainer import log

NOON = datetime(2026, 9, 1, 12, tzinfo=timezone.utc)

@pytest.mark.freeze_time("2026-09-01 12:00")
def test_pytest_freezer(sm_metrics, freezer):
    log("run-1", "loss", 0.5)
    freezer.tick(60)
    log("run-1", "loss", 0.5)
    assert [call.timestamp for call in sm_metrics.calls] == [NOON, NOON + timedelta(minutes=1)]

@pytest.mark.time_machine(NOON, tick=False)
def test_time_machine(sm_metrics, time_machine):
    log("run-1", "loss", 0.5)
    time_machine.shift(60)
    log("run-1", "loss", 0.5)
    assert [call.timestamp for call in sm_metrics.calls] == [NOON, NOON + timedelta(minutes=1)]
"""


def test_fixtures_and_markers_of_their_plugins(project, run_with):
    pytest.importorskip("pytest_freezer", reason="needs the extra compat")
    project.makepyfile(test_it=MARKED)
    run_with("pytest_freezer time_machine").assert_outcomes(passed=2)


class Clocks:
    """Clocks that tests put in place of those of `time`."""

    constant = staticmethod(lambda: 1000.0)
    infinite = staticmethod(lambda: float("inf"))

    @staticmethod
    def raising():
        raise RuntimeError("no time")


@pytest.mark.parametrize("name", ["constant", "infinite", "raising"])
def test_replaced_clocks_do_not_matter(client, sm_metrics, monkeypatch, name):
    for function in ("time", "perf_counter", "monotonic"):
        monkeypatch.setattr(f"time.{function}", getattr(Clocks, name))
    with sm_metrics.hold_calls(timeout=0.01, optional=True) as held:
        with pytest.raises(AssertionError, match="0 of 1 calls were held"):
            held.wait()
    with pytest.raises(AssertionError, match=r"was not true within 0\.01 seconds"):
        sm_metrics.wait_for(lambda sm_metrics: False, timeout=0.01)
    with pytest.raises(AssertionError, match=r"after 0\.01 seconds"):
        sm_metrics.assert_logged("run-1", "loss", timeout=0.01)


def test_no_reading_of_a_users_clock_is_lost(client, sm_metrics):
    with patch("time.time", side_effect=[100, 110]) as clock:
        put(client, "run-1", metric())
    assert clock.call_count == 0
    assert sm_metrics.calls[0].timestamp.year >= 2026


def test_the_header_date_is_frozen(frozen, client, sm_metrics):
    headers = put(client, "run-1", metric())["ResponseMetadata"]["HTTPHeaders"]
    assert headers["date"] == "Tue, 01 Sep 2026 12:00:00 GMT"
    assert headers["content-length"] == "14"
