"""Calls that are held: an error of one call reaches the caller of that call alone."""

from __future__ import annotations

import pytest

from pytest_sm_metrics.service.exchange import Answer
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
