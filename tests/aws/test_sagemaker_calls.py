"""Calls to the control plane about trial components, answered by a Stubber.

compat/test_moto.py has moto answer them.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from pytest_sm_metrics import mock_sm_metrics

from ..logging_metrics import NOON, SESSION, client_in, metric, put

ARN = "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1"
REFUSED = [{"Code": "VALIDATION_ERROR", "MetricIndex": 0}]
LOSSES = [0.5, 0.25, 0.75]


@pytest.fixture
def client():
    return client_in("us-east-1")


@pytest.fixture(scope="module")
def sagemaker():
    return SESSION.client(
        "sagemaker", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture
def stubber(sagemaker):
    with Stubber(sagemaker) as stubber:
        yield stubber


def put_losses(client, run="run-1"):
    put(
        client,
        run,
        *[
            metric("loss", value, step, NOON + timedelta(seconds=step))
            for step, value in enumerate(LOSSES)
        ],
    )


def describe(stubber, name="run-1", **answer):
    stubber.add_response("describe_trial_component", {"TrialComponentName": name, **answer})
    return stubber.client.describe_trial_component(TrialComponentName=name)


class TestCreate:
    @pytest.mark.sm_metrics(unknown_trial_component="reject")
    def test_it_is_known_from_then_on(self, sm_metrics, client, stubber):
        assert put(client, "run-1", metric())["Errors"] == REFUSED
        stubber.add_response("create_trial_component", {"TrialComponentArn": ARN})
        stubber.client.create_trial_component(TrialComponentName="run-1")
        assert put(client, "run-1", metric())["Errors"] == []
        assert put(client_in("eu-west-1"), "run-1", metric())["Errors"] == REFUSED

    @pytest.mark.sm_metrics(unknown_trial_component="reject")
    def test_names_are_not_case_sensitive(self, sm_metrics, client, stubber):
        stubber.add_response("create_trial_component", {"TrialComponentArn": ARN})
        stubber.client.create_trial_component(TrialComponentName="Run-1")
        assert put(client, "run-1", metric())["Errors"] == []

    @pytest.mark.sm_metrics(unknown_trial_component="reject")
    def test_a_call_that_fails_creates_nothing(self, sm_metrics, client, stubber):
        stubber.add_client_error(
            "create_trial_component", "ResourceLimitExceeded", http_status_code=400
        )
        with pytest.raises(ClientError):
            stubber.client.create_trial_component(TrialComponentName="run-1")
        assert put(client, "run-1", metric())["Errors"] == REFUSED

    def test_the_innermost_mock_follows(self, sm_metrics, stubber):
        with mock_sm_metrics() as inner:
            stubber.add_response("create_trial_component", {"TrialComponentArn": ARN})
            stubber.client.create_trial_component(TrialComponentName="run-1")
        assert [len(mock.trial_components) for mock in (inner, sm_metrics)] == [1, 0]


class TestDescribe:
    def test_summaries_of_what_was_recorded(self, sm_metrics, client, stubber):
        put_losses(client)
        put(client, "run-1", metric("acc", 1, None))
        loss = sm_metrics["run-1"]["loss"]
        answer = describe(stubber)
        assert answer["TrialComponentName"] == "run-1"
        assert answer["Metrics"] == [
            {
                "MetricName": "loss",
                "SourceArn": ARN,
                "TimeStamp": NOON + timedelta(seconds=2),
                "Min": loss.min,
                "Max": loss.max,
                "Avg": loss.avg,
                "Count": 3,
                "StdDev": loss.std_dev,
                "Last": loss.last,
            },
            {
                "MetricName": "acc",
                "SourceArn": ARN,
                "TimeStamp": NOON,
                "Min": 1,
                "Max": 1,
                "Avg": 1,
                "Count": 1,
                "StdDev": 0,
                "Last": 1,
            },
        ]
        assert type(answer["Metrics"][0]["Count"]) is int

    def test_last_is_the_first_to_arrive_where_timestamps_tie(self, sm_metrics, client, stubber):
        put(client, "run-1", metric("loss", 0.9), metric("loss", 0.1))
        assert describe(stubber)["Metrics"][0]["Last"] == 0.9

    @pytest.mark.parametrize("name", [ARN, "Run-1"])
    def test_by_arn_and_in_any_case(self, sm_metrics, client, stubber, name):
        put_losses(client)
        assert [summary["MetricName"] for summary in describe(stubber, name)["Metrics"]] == ["loss"]

    def test_what_was_not_recorded_stays_as_it_was_answered(self, sm_metrics, client, stubber):
        other, stale = {"MetricName": "other", "Count": 7}, {"MetricName": "loss", "Count": 7}
        assert describe(stubber, Metrics=[stale])["Metrics"] == [stale]
        assert "Metrics" not in describe(stubber)
        put_losses(client)
        answered = describe(stubber, Metrics=[other, stale])["Metrics"]
        counts = [(one["MetricName"], one["Count"]) for one in answered]
        assert counts == [("other", 7), ("loss", 3)]

    def test_an_answer_that_a_stubber_gives_again_carries_nothing_along(self, client, stubber):
        answer, other = {"TrialComponentName": "run-1"}, [{"MetricName": "other", "Count": 7}]

        def describe_again(name):
            stubber.add_response("describe_trial_component", answer)
            described = stubber.client.describe_trial_component(TrialComponentName=name)
            return [summary["MetricName"] for summary in described.get("Metrics", [])]

        with mock_sm_metrics():
            put(client, "run-1", metric("loss"))
            put(client, "run-2", metric("acc"))
            assert describe_again("run-1") == ["loss"]
            assert describe_again("run-2") == ["acc"]
            assert describe_again("run-3") == []
            answer["Metrics"] = other
            assert describe_again("run-1") == ["other", "loss"]
        with mock_sm_metrics():
            assert describe_again("run-1") == ["other"]
            put(client, "run-1", metric("loss"))
            assert describe_again("run-1") == ["other", "loss"]
        assert describe_again("run-1") == ["other"]
        assert answer["Metrics"] is other

    @pytest.mark.parametrize(
        "arn", [ARN.replace("us-east-1", "eu-west-1"), ARN.replace("123456789012", "999999999999")]
    )
    def test_an_arn_of_another_region_or_account(self, sm_metrics, client, stubber, arn):
        put_losses(client)
        put_losses(client_in("eu-west-1"))
        assert "Metrics" not in describe(stubber, arn)

    def test_the_source_is_the_arn_that_the_answer_has(self, sm_metrics, client, stubber):
        put_losses(client)
        arn = ARN.replace("run-1", "Run-1")
        assert describe(stubber, "Run-1", TrialComponentArn=arn)["Metrics"][0]["SourceArn"] == arn

    def test_outside_a_mock_nothing_changes(self, client, stubber):
        with mock_sm_metrics():
            put_losses(client)
        assert "Metrics" not in describe(stubber)

    def test_other_regions_are_others(self, sm_metrics, stubber):
        put_losses(client_in("eu-west-1"))
        assert "Metrics" not in describe(stubber)

    def test_a_call_that_fails(self, sm_metrics, client, stubber):
        put_losses(client)
        stubber.add_client_error(
            "describe_trial_component", "ResourceNotFound", http_status_code=400
        )
        with pytest.raises(ClientError) as failed:
            stubber.client.describe_trial_component(TrialComponentName="run-1")
        assert "Metrics" not in failed.value.response


class TestDelete:
    def delete(self, stubber, name="run-1"):
        stubber.add_response("delete_trial_component", {"TrialComponentArn": ARN})
        stubber.client.delete_trial_component(TrialComponentName=name)

    def test_its_metrics_are_gone(self, sm_metrics, client, stubber):
        put_losses(client)
        put_losses(client_in("eu-west-1"))
        put_losses(client, "run-2")
        self.delete(stubber)
        assert [(one.name, one.region) for one in sm_metrics.trial_components] == [
            ("run-1", "eu-west-1"),
            ("run-2", "us-east-1"),
        ]
        assert "Metrics" not in describe(stubber)
        put(client, "run-1", metric("acc"))
        assert list(sm_metrics.trial_component("run-1", region="us-east-1")) == ["acc"]

    def test_the_message_of_a_test_that_looks_for_it(self, sm_metrics, client, stubber):
        put_losses(client)
        self.delete(stubber)
        with pytest.raises(KeyError) as absent:
            sm_metrics["run-1"]
        assert str(absent.value).splitlines()[1:] == ["  - it was deleted in us-east-1"]
        assert sm_metrics.rejected == []

    @pytest.mark.sm_metrics(unknown_trial_component="reject")
    def test_the_reason_of_what_is_rejected_afterwards(self, sm_metrics, client, stubber):
        sm_metrics.create_trial_component("run-1", region="us-east-1")
        put_losses(client)
        self.delete(stubber)
        put(client, "run-1", metric())
        assert sm_metrics.rejected[0].reason == (
            "'run-1' was not created before, or was deleted, and unknown_trial_component is "
            '"reject"'
        )

    def test_a_trial_component_that_a_test_holds(self, sm_metrics, client, stubber):
        put_losses(client)
        run = sm_metrics["run-1"]
        self.delete(stubber)
        assert (run.metrics, list(run)) == ([], [])
        put(client, "run-1", metric("acc"))
        assert list(run) == ["acc"]

    @pytest.mark.sm_metrics(unknown_trial_component="reject")
    def test_it_is_known_no_more_in_that_region(self, sm_metrics, client, stubber):
        sm_metrics.create_trial_component("run-1")
        put_losses(client)
        self.delete(stubber)
        assert put(client, "run-1", metric())["Errors"] == REFUSED
        assert put(client_in("eu-west-1"), "run-1", metric())["Errors"] == []
        sm_metrics.create_trial_component("run-1")
        assert put(client, "run-1", metric())["Errors"] == []

    def test_the_metric_limit_has_room_again(self, client, stubber):
        with mock_sm_metrics(metric_limit=3) as sm_metrics:
            put_losses(client)
            self.delete(stubber)
            put_losses(client)
            assert sm_metrics.rejected == []

    def test_reset_forgets_it(self, sm_metrics, client, stubber):
        self.delete(stubber)
        sm_metrics.reset()
        with pytest.raises(KeyError) as absent:
            sm_metrics["run-1"]
        assert "deleted" not in str(absent.value)
