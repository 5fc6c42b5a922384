"""Faults without a mock: what they count, where they are a copy, and why they did not match."""

from __future__ import annotations

import re

import pytest

from pytest_sm_metrics import fail_calls, fail_metrics
from pytest_sm_metrics.service.faults.fault import Attempt, Force
from pytest_sm_metrics.service.faults.injection import Injection

COLUMNS = {"metric_name": ["loss", "accuracy"], "step": [0, 1], "index": range(2)}
ATTEMPT = Attempt(("BatchPutMetrics",), ("run-1",), ("us-east-1",), "metric", COLUMNS)


def test_it_fires_as_often_as_it_may_and_no_more():
    fault = fail_calls("InternalFailure", times=1000)
    fault.put_in_force(Force(lambda: 0))
    assert sum(fault.claim(lambda: 0.0) for _ in range(1002)) == 1000
    assert (fault.hits, fault.matches) == (1000, 1002)


@pytest.mark.parametrize("probability", [0.01, 0.5, 0.99])
def test_it_fires_with_its_probability(probability):
    injection = Injection((), "a seed", Force(lambda: 0))
    fault = injection.add(fail_calls("InternalFailure", probability=probability))
    for ordinal in range(4000):
        injection.first([fault], ordinal)
    assert fault.hits == pytest.approx(4000 * probability, abs=25 if probability != 0.5 else 100)
    assert 0 < fault.hits < 4000


@pytest.mark.parametrize("index", [0, 9])
def test_an_index_that_a_request_can_have(index):
    assert repr(fail_metrics("CONFLICT_ERROR", index=index)).endswith(f"index={index})")


def test_a_copy_in_a_forked_child_stays_in_force_and_refuses_to_count():
    why_copy = None
    force = Force(lambda: 0, lambda: why_copy)
    fault = fail_calls("InternalFailure")
    fault.put_in_force(force)
    why_copy = "this is a copy"
    fault.end()
    assert force.faults == [fault]
    for use in (fault.remove, lambda: fault.hits, lambda: fault.matches):
        with pytest.raises(RuntimeError, match="this is a copy"):
            use()
    why_copy = None
    fault.end()
    assert force.faults == []


def test_one_that_is_made_anew_keeps_its_name():
    fault = fail_calls("InternalFailure", times=2).named("a failure")
    assert (fault.fresh().name, fail_calls("InternalFailure").fresh().name) == ("a failure", "")
    assert repr(fault.fresh()) == repr(fault)


def test_filters_of_items_are_unmet_by_items_only():
    fault = fail_metrics("CONFLICT_ERROR", trial_component=re.compile("2$"), step=1)
    assert fault.unmet(ATTEMPT) == [("trial_component", "'run-1'")]
    assert fault.unmet(ATTEMPT, 0) == [("trial_component", "'run-1'"), ("step", "0")]
    assert fault.unmet(ATTEMPT, 1) == [("trial_component", "'run-1'")]
    malformed = ATTEMPT._replace(columns=None)
    assert fault.unmet(malformed, 0) == [("trial_component", "'run-1'")]
