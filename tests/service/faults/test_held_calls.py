"""Calls that are held: an error of one call reaches the caller of that call alone."""

from __future__ import annotations

from concurrent.futures import CancelledError

import pytest

from pytest_sm_metrics.service.exchange import Answer
from pytest_sm_metrics.service.faults import held_calls
from pytest_sm_metrics.service.faults.fault import Force, Schedule
from pytest_sm_metrics.service.faults.held_calls import HeldCalls


def test_an_answer_that_raises_does_not_keep_the_others_waiting():
    held = HeldCalls(None, {}, Schedule())
    held.put_in_force(Force(lambda: 0))
    answer = Answer(200, {}, b"{}")

    def failing():
        raise OverflowError("too large")

    first = held.hold(0, failing, lambda: None)
    second = held.hold(1, lambda: answer, lambda: None)
    held.remove()
    with pytest.raises(OverflowError, match="too large"):
        first.result(timeout=0)
    assert second.result(timeout=0) is answer


class Waits(list):
    """A log of timers; `run` is the function that the last one calls."""


@pytest.fixture
def waits(monkeypatch):
    """Return the seconds for which timers were started, and `cancelled`. None runs by itself."""

    class Timer:
        def __init__(self, seconds, function):
            waits.append(seconds)
            waits.run = function

        def start(self):
            pass

        def cancel(self):
            waits.append("cancelled")

    waits = Waits()
    monkeypatch.setattr(held_calls.threading, "Timer", Timer)
    return waits


def test_a_hold_ends_by_itself_after_its_timeout(waits, monkeypatch):
    monkeypatch.setattr(held_calls, "real_clock", lambda: 1000.0)
    held = HeldCalls(None, {}, Schedule(), timeout=2.5)
    held.put_in_force(Force(lambda: 0))
    for ordinal in range(2):
        held.hold(ordinal, lambda: Answer(200, {}, b"{}"), lambda: None)
    assert waits == [2.5]
    held.remove()
    assert waits == [2.5, "cancelled"]


def test_a_hold_that_is_late_already_ends_at_once(waits, monkeypatch):
    monkeypatch.setattr(held_calls, "real_clock", iter([1000.0, 1003.5]).__next__)
    held = HeldCalls(None, {}, Schedule(), timeout=2.5)
    held.put_in_force(Force(lambda: 0))
    held.hold(0, lambda: Answer(200, {}, b"{}"), lambda: None)
    assert waits == [0]


def test_only_the_call_that_is_late_fails(waits, monkeypatch):
    times = iter([1000.0, 1000.0, 1002.0, 1002.5, 1002.5])
    monkeypatch.setattr(held_calls, "real_clock", times.__next__)
    held = HeldCalls(None, {}, Schedule(), timeout=2.5)
    held.put_in_force(Force(lambda: 0))
    answer = Answer(200, {}, b"{}")
    late = held.hold(0, lambda: answer, lambda *how: None)
    other = held.hold(1, lambda: answer, lambda *how: None)
    waits.run()
    assert waits == [2.5, 2.0]  # the second timer is for the other call
    with pytest.raises(RuntimeError, match=r"a call was held for 2\.5 seconds"):
        late.result(timeout=0)
    held.remove()
    assert other.result(timeout=0) is answer


def test_waiting_for_calls_ends_when_the_time_is_up(monkeypatch):
    held = HeldCalls(None, {}, Schedule(), timeout=2.5)
    held.put_in_force(Force(lambda: 0))
    monkeypatch.setattr(held_calls, "real_clock", iter([1000.0, 1002.5]).__next__)
    with pytest.raises(AssertionError, match=r"0 of 1 calls were held within 2\.5 seconds"):
        held.wait()


def test_a_call_that_was_cancelled_does_not_keep_the_others_waiting():
    held = HeldCalls(None, {}, Schedule())
    held.put_in_force(Force(lambda: 0))
    abandoned = []
    answer = Answer(200, {}, b"{}")
    cancelled = held.hold(0, lambda: answer, lambda *how: abandoned.append(how))
    other = held.hold(1, lambda: answer, lambda *how: abandoned.append(how))
    cancelled.cancel()
    held.remove()
    assert other.result(timeout=0) is answer
    [(error, finding)] = abandoned
    assert (type(error), finding) == (CancelledError, "")
