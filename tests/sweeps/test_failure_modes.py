"""The failure modes: each happens to a real client as its row says."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config

from pytest_sm_metrics import every_fault, mock_sm_metrics
from pytest_sm_metrics.sweeps.failure_modes import FAILURE_MODES

NOON = 1788264000


@pytest.fixture
def client():
    config = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("sagemaker-metrics", region_name="us-east-1", config=config, **keys)


def put(client):
    metrics = [
        {"MetricName": "loss", "Timestamp": NOON, "Step": step, "Value": 0.5} for step in (0, 1)
    ]
    return client.batch_put_metrics(TrialComponentName="run-1", MetricData=metrics)


def get(client):
    if not hasattr(client, "batch_get_metrics"):
        pytest.skip("the service model of this botocore has no BatchGetMetrics")
    query = {
        "MetricName": "loss",
        "ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1",
        "MetricStat": "Last",
        "Period": "IterationNumber",
        "XAxisType": "IterationNumber",
    }
    return client.batch_get_metrics(MetricQueries=[query])["MetricQueryResults"]


def names(**arguments):
    return [fault.name for fault in every_fault(**arguments)]


class TestEachOne:
    @pytest.mark.parametrize("name", FAILURE_MODES)
    def test_it_fires_once_at_a_real_client(self, client, name):
        operation = get if FAILURE_MODES[name].operation == "BatchGetMetrics" else put
        with mock_sm_metrics(faults=every_fault(only=name)) as sm_metrics:
            if operation is get:
                put(client)
            try:
                operation(client)
            except Exception as error:
                assert type(error).__module__.startswith("botocore")
            operation(client)
            [fault] = sm_metrics.faults
        assert fault.hits == 1

    @pytest.mark.parametrize("name", [name for name in FAILURE_MODES if "-stored" in name])
    def test_stored_means_stored(self, client, name):
        with mock_sm_metrics(faults=every_fault(only=name)) as sm_metrics:
            try:
                put(client)
            except Exception as error:
                assert type(error).__module__.startswith("botocore")
        assert sm_metrics["run-1"]["loss"].steps == [0, 1]

    @pytest.mark.parametrize("name", ["CONFLICT_ERROR", "UNKNOWN_ERROR"])
    def test_a_rejected_metric_is_the_first_of_its_call(self, client, name):
        with mock_sm_metrics(faults=every_fault(only=name, after=1)) as sm_metrics:
            assert put(client)["Errors"] == []
            assert put(client)["Errors"] == [{"Code": name, "MetricIndex": 0}]
        assert sm_metrics["run-1"]["loss"].steps == [0, 1, 1]

    def test_each_has_its_provenance_and_a_meaning(self):
        for mode in FAILURE_MODES.values():
            assert mode.provenance in ("documented", "observed", "assumed")
            assert mode.meaning
            assert mode.source

    def test_every_way_of_the_contract_is_there(self):
        contract = ["CONFLICT_ERROR", "ThrottlingException", "ReadTimeoutError-stored"]
        assert set(contract) <= FAILURE_MODES.keys()


class TestEveryFault:
    def test_transient_ones_by_default(self):
        assert "ThrottlingException" in names()
        assert not {"AccessDeniedException", "METRIC_LIMIT_EXCEEDED"}.intersection(names())
        assert names(transient=False) == list(FAILURE_MODES)

    def test_only_names_any(self):
        assert names(only="AccessDeniedException") == ["AccessDeniedException"]
        assert names(only=["NotJSON", "NotJSON", "BadGateway"]) == ["NotJSON", "BadGateway"]

    def test_without(self):
        assert set(names()) - set(names(without=["NotJSON"])) == {"NotJSON"}

    def test_positions(self):
        assert names(only="NotJSON", after=2) == ["NotJSON"]
        assert names(only="NotJSON", after=range(2)) == ["NotJSON-after-0", "NotJSON-after-1"]
        assert [one.after for one in every_fault(only="NotJSON", after=[0, 7])] == [0, 7]

    def test_times(self):
        assert [one.times for one in every_fault(only="NotJSON", times=None)] == [None]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"only": "ThrotlingException"}, "did you mean 'ThrottlingException'"),
            ({"without": ["ReadTimeoutErrorStored"]}, "did you mean 'ReadTimeoutError-stored'"),
            ({"only": [7]}, "only names 7, which is no failure"),
            ({"only": []}, "no failure is left"),
            ({"only": "NotJSON", "without": "NotJSON"}, "no failure is left"),
            ({"after": -1}, "after is -1; accepted is a whole number from 0"),
            ({"after": [0, 0.5]}, "after is 0.5; accepted is a whole number from 0"),
            ({"after": []}, "accepted is a whole number from 0, or several"),
            ({"times": 0}, "times is 0; accepted is None for every match"),
            ({"transient": "yes"}, "transient is 'yes'; accepted is True or False"),
        ],
    )
    def test_what_is_not_accepted(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            every_fault(**arguments)

    def test_one_that_never_fires_does_not_fail_the_test(self, client):
        with mock_sm_metrics(faults=every_fault(only="NotJSON", after=1)) as sm_metrics:
            put(client)
            [fault] = sm_metrics.faults
        assert (fault.hits, fault.matches) == (0, 1)

    def test_the_template_keeps_its_name_in_a_mock(self):
        with mock_sm_metrics(faults=every_fault(only="NotJSON")) as sm_metrics:
            assert [fault.name for fault in sm_metrics.faults] == ["NotJSON"]
