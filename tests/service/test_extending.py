"""New rules and faults: added in one place, they apply to every call and explain themselves."""

from __future__ import annotations

import pytest

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.service.faults.fault import Fault, Schedule, Stage
from pytest_sm_metrics.service.operation import Operation
from pytest_sm_metrics.service.outcomes import Failure
from pytest_sm_metrics.service.put_metrics import operation as put_operation
from pytest_sm_metrics.service.put_metrics.rules import METRIC_RULES
from pytest_sm_metrics.service.rule import Rule

from ..logging_metrics import client_in, metric, put

NO_ZEROS = Rule(
    "Value.zero",
    "BatchPutMetrics",
    "Value",
    "The Value is not 0",
    "HTTP 200, VALIDATION_ERROR in Errors",
    "assumed",
    "a test",
    code="VALIDATION_ERROR",
    refuses=lambda submission, _: [
        index for index, value in enumerate(submission.metrics.values) if value == 0
    ],
    explain=lambda submission, index: f"Value {submission.metrics.values[index]} is 0",
)


def test_a_rule_about_metrics_holds_for_every_call_and_explains_itself(monkeypatch):
    monkeypatch.setattr(put_operation, "METRIC_RULES", (*METRIC_RULES, NO_ZEROS))
    client = client_in("us-east-1")
    with mock_sm_metrics() as sm_metrics:
        answers = [put(client, "run-1", metric(value=0), metric(value=1)) for _ in range(3)]
        assert [answer["Errors"] for answer in answers] == [
            [{"Code": "VALIDATION_ERROR", "MetricIndex": 0}]
        ] * 3
        assert [one.reason for one in sm_metrics.rejected] == ["Value 0.0 is 0"] * 3
        assert {one.rule for one in sm_metrics.rejected} == {NO_ZEROS}


@pytest.mark.parametrize("method", ["parse", "perform", "resource"])
def test_an_operation_must_say_how_it_reads_and_performs_requests(method):
    methods = dict.fromkeys(["parse", "perform", "resource"], lambda self, *_: None)
    assert type("Whole", (Operation,), methods)()
    del methods[method]
    with pytest.raises(TypeError, match=f"abstract.*{method}"):
        type("Part", (Operation,), methods)()


class Blackout(Fault):
    """A kind of fault that the package does not have."""

    kind = "black_out"
    stage = Stage.CALL
    stored = False

    def outcome(self, operation, resource, caller):
        return Failure(503, "Blackout", f"{operation} of {resource} by {caller}")


def test_a_kind_of_fault_acts_at_the_stage_that_it_declares():
    with mock_sm_metrics() as sm_metrics:
        fault = sm_metrics._service.injection.add(Blackout(None, {}, Schedule()))
        with pytest.raises(Exception, match=r"\(Blackout\).*BatchPutMetrics of arn:aws"):
            put(client_in("us-east-1"), "run-1", metric())
        assert fault.hits > 0
        assert repr(fault) in repr(sm_metrics.faults)


class NoStage(Fault):
    kind = "no_stage"


def test_a_fault_without_a_stage_is_a_type_error():
    with mock_sm_metrics() as sm_metrics:
        with pytest.raises(
            TypeError, match=r"no_stage\(\) declares the stage None; the stages are"
        ):
            sm_metrics._service.injection.add(NoStage(None, {}, Schedule()))
        assert sm_metrics.faults == []
