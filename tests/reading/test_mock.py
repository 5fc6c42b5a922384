"""Reading what was recorded."""

from __future__ import annotations

import json
import pickle
import threading
from datetime import timedelta

import pytest

from pytest_sm_metrics import RULES, Metric, mock_sm_metrics

from ..logging_metrics import INFINITE, NOON, client_in, metric, put

ARN = "arn:aws:sagemaker:us-east-1:{}:experiment-trial-component/run-1"


@pytest.fixture
def client(sm_metrics):
    return client_in("us-east-1")


@pytest.fixture
def elsewhere(sm_metrics):
    return client_in("eu-west-1")


class TestTheMapping:
    def test_it_is_true_and_empty_at_first(self, sm_metrics):
        assert sm_metrics
        assert (list(sm_metrics), len(sm_metrics), "run-1" in sm_metrics) == ([], 0, False)

    def test_it_holds_the_names_that_hold_accepted_metrics(self, sm_metrics, client):
        put(client, "run-2", metric())
        put(client, "run-1", metric())
        put(client, "run-3", metric(value=INFINITE))
        sm_metrics.create_trial_component("run-4")
        assert list(sm_metrics) == ["run-2", "run-1"]
        assert len(sm_metrics) == 2
        counts = {name: len(run.metrics) for name, run in sm_metrics.items()}
        assert counts == {"run-2": 1, "run-1": 1}
        assert sm_metrics.get("run-3") is None

    def test_a_name_in_several_regions_is_a_lookup_error_that_names_them(
        self, sm_metrics, client, elsewhere
    ):
        put(client, "run-1", metric(value=1))
        put(elsewhere, "run-1", metric(value=2))
        with pytest.raises(
            LookupError,
            match="in several regions, us-east-1, eu-west-1: "
            r".*trial_component\('run-1', region='us-east-1'\)",
        ) as error:
            sm_metrics["run-1"]
        assert not isinstance(error.value, KeyError)
        assert "run-1" in sm_metrics
        assert list(sm_metrics) == ["run-1"]
        assert sm_metrics.trial_component("run-1", region="eu-west-1")["loss"].values == [2.0]
        assert [run.region for run in sm_metrics.trial_components] == ["us-east-1", "eu-west-1"]

    def test_mocks_are_equal_to_themselves_alone(self, sm_metrics):
        with mock_sm_metrics() as other:
            assert sm_metrics != other
        assert len({sm_metrics, other}) == 2

    def test_the_error_for_an_absent_name_survives_pickling(self, sm_metrics):
        with pytest.raises(KeyError) as raised:
            sm_metrics["run-1"]
        there = pickle.loads(pickle.dumps(raised.value))
        assert isinstance(there, KeyError)
        assert there.args == (str(raised.value),)


class TestATrialComponent:
    def test_what_it_is(self, sm_metrics, client):
        put(client, "run-1", metric())
        run = sm_metrics["run-1"]
        assert (run.name, run.region, run.account_id) == ("run-1", "us-east-1", "123456789012")
        assert run.arn == ARN.format("123456789012")

    def test_the_account_is_a_setting(self, client):
        with mock_sm_metrics(account_id="999988887777") as sm_metrics:
            put(client, "run-1", metric())
        assert sm_metrics["run-1"].arn == ARN.format("999988887777")

    def test_it_maps_metric_names_in_order_of_first_arrival(self, sm_metrics, client):
        put(client, "run-1", metric("loss"), metric("acc"), metric("loss", step=1))
        run = sm_metrics["run-1"]
        assert list(run) == ["loss", "acc"]
        assert (len(run), "acc" in run, "los" in run) == (2, True, False)

    def test_metrics_stand_in_order_of_arrival(self, sm_metrics, client):
        put(client, "run-1", metric("b", 1, 0), metric("a", 2, None))
        put(client, "run-1", metric("b", 3, 1, NOON + timedelta(seconds=1)))
        assert sm_metrics["run-1"].metrics == [
            Metric("b", 1.0, 0, NOON),
            Metric("a", 2.0, None, NOON),
            Metric("b", 3.0, 1, NOON + timedelta(seconds=1)),
        ]

    @pytest.mark.parametrize("key", [0, None, ["loss"]])
    def test_what_is_no_name_is_no_key(self, sm_metrics, client, key):
        put(client, "run-1", metric())
        with pytest.raises(KeyError, match=r"is no string: run\[name\]\[index\] is one point"):
            sm_metrics["run-1"][key]
        with pytest.raises(KeyError, match="trial components are asked for by name"):
            sm_metrics[key]
        assert key not in sm_metrics["run-1"]
        assert key not in sm_metrics

    def test_the_same_point_twice_is_kept_twice(self, sm_metrics, client):
        put(client, "run-1", metric())
        put(client, "run-1", metric())
        assert sm_metrics["run-1"]["loss"].values == [0.5, 0.5]

    def test_two_of_them_are_equal_where_their_metrics_are(self, client):
        runs = []
        for _ in range(2):
            with mock_sm_metrics() as sm_metrics:
                put(client, "run-1", metric())
            runs.append(sm_metrics["run-1"])
        assert runs[0] == runs[1]


class TestASeries:
    @pytest.fixture
    def series(self, sm_metrics, client):
        later = NOON + timedelta(minutes=1)
        put(
            client,
            "run-1",
            metric(value=4, step=0),
            metric(value=1, step=2, timestamp=later),
            metric(value=2, step=None, timestamp=later),
        )
        return sm_metrics["run-1"]["loss"]

    def test_columns(self, series):
        assert series.values == [4.0, 1.0, 2.0]
        assert series.steps == [0, 2, None]
        assert series.timestamps == [NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=1)]

    def test_statistics(self, series):
        assert (series.min, series.max, series.last) == (1.0, 4.0, 2.0)
        assert series.avg == pytest.approx(7 / 3)
        assert series.std_dev == pytest.approx(1.5275252316519468)

    def test_it_is_a_sequence_of_metrics(self, series):
        assert len(series) == 3
        assert series[0] == Metric("loss", 4.0, 0, NOON)
        assert series[-1].value == 2.0
        assert [one.step for one in series] == [0, 2, None]
        assert series[1:].values == [1.0, 2.0]
        assert series[::-1][:1].steps == [None]
        assert series == list(series)

    def test_an_index_out_of_range(self, series):
        with pytest.raises(IndexError, match="index 7 of 'loss', which has 3 metrics"):
            series[7]

    def test_an_empty_slice_has_no_statistics(self, series):
        with pytest.raises(ValueError, match="an empty series of 'loss' has no statistics"):
            series[:0].min

    def test_it_stays_as_it_was(self, series, client):
        put(client, "run-1", metric(value=9))
        assert len(series) == 3


class TestCreatingTrialComponents:
    def test_an_empty_one_is_known_and_holds_nothing(self, sm_metrics):
        sm_metrics.create_trial_component("run-1", region="eu-west-1")
        assert "run-1" not in sm_metrics
        [run] = sm_metrics.trial_components
        assert (run.name, run.region, run.metrics) == ("run-1", "eu-west-1", [])
        assert sm_metrics.trial_component("run-1").region == "eu-west-1"

    def test_without_a_region_it_is_in_every_one(self, sm_metrics, client):
        sm_metrics.create_trial_component("run-1")
        assert [run.region for run in sm_metrics.trial_components] == ["*"]
        everywhere = sm_metrics.trial_component("run-1")
        assert (everywhere.region, everywhere.metrics) == ("*", [])
        run = sm_metrics.trial_component("run-1", region="us-east-1")
        put(client, "run-1", metric())
        assert run["loss"].values == everywhere["loss"].values == [0.5]
        assert everywhere.region == "us-east-1"
        assert [run.region for run in sm_metrics.trial_components] == ["us-east-1"]
        assert sm_metrics.trial_component("run-1", region="eu-west-1").metrics == []

    def test_of_several_regions_none_is_chosen(self, sm_metrics, client, elsewhere):
        run = sm_metrics.create_trial_component("run-1")
        for one in (client, elsewhere):
            put(one, "run-1", metric())
        with pytest.raises(LookupError, match="is held in several regions"):
            list(run)

    def test_reading_creates_nothing(self, sm_metrics):
        sm_metrics.create_trial_component("run-1")
        before = sm_metrics.to_dict()
        assert sm_metrics.trial_component("run-1", region="eu-west-1").region == "eu-west-1"
        assert sm_metrics.to_dict() == before

    def test_where_unknown_ones_are_rejected_created_ones_are_not(self, client):
        with mock_sm_metrics(unknown_trial_component="reject") as sm_metrics:
            sm_metrics.create_trial_component("run-1")
            sm_metrics.create_trial_component("run-2", region="eu-west-1")
            assert put(client, "run-1", metric())["Errors"] == []
            for run in ("run-2", "run-3"):
                assert put(client, run, metric(), metric())["Errors"] == [
                    {"Code": "VALIDATION_ERROR", "MetricIndex": 0},
                    {"Code": "VALIDATION_ERROR", "MetricIndex": 1},
                ]
        assert list(sm_metrics) == ["run-1"]
        assert sm_metrics.rejected[0].reason == (
            "'run-2' was not created before, or was deleted, "
            'and unknown_trial_component is "reject"'
        )

    @pytest.mark.parametrize("name", ["Run-1", "", "a" * 121])
    def test_a_name_that_the_service_would_refuse(self, sm_metrics, name):
        with pytest.raises(
            ValueError, match="at 'trialComponentName' failed to satisfy constraint"
        ):
            sm_metrics.create_trial_component(name)


class TestLimits:
    def test_the_metric_limit(self, client):
        with mock_sm_metrics(metric_limit=3) as sm_metrics:
            put(client, "run-1", metric(step=0), metric(value=INFINITE), metric(step=2))
            answer = put(client, "run-1", metric(step=3), metric(step=4), metric(value=INFINITE))
        assert answer["Errors"] == [
            {"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 1},
            {"Code": "VALIDATION_ERROR", "MetricIndex": 2},
        ]
        assert sm_metrics["run-1"]["loss"].steps == [0, 2, 3]
        assert sm_metrics.rejected[1].reason == "'run-1' holds metric_limit=3 metrics already"

    def test_the_metric_name_limit(self, client):
        with mock_sm_metrics(metric_name_limit=1) as sm_metrics:
            answer = put(client, "run-1", metric("loss"), metric("acc"), metric("loss"))
        assert answer["Errors"] == [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 1}]
        assert list(sm_metrics["run-1"]) == ["loss"]
        assert sm_metrics.rejected[0].reason == (
            "'run-1' holds metric_name_limit=1 other metric names already"
        )

    def test_metric_names_of_earlier_requests_count_too(self, client):
        with mock_sm_metrics(metric_name_limit=2) as sm_metrics:
            put(client, "run-1", metric("loss"))
            put(client, "run-1", metric("acc"))
            answer = put(client, "run-1", metric("loss"), metric("f1"), metric("acc"))
        assert answer["Errors"] == [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 1}]
        assert [len(sm_metrics["run-1"][name]) for name in ("loss", "acc")] == [2, 2]

    def test_limits_are_per_resource(self, client):
        with mock_sm_metrics(metric_limit=1):
            assert put(client, "run-1", metric())["Errors"] == []
            assert put(client, "run-2", metric())["Errors"] == []


class TestRejectedMetrics:
    def test_what_they_say(self, sm_metrics, client):
        put(client, "run-1", metric(), metric("acc", -INFINITE, 7))
        [rejected] = sm_metrics.rejected
        assert (rejected.code, rejected.index, rejected.injected) == ("VALIDATION_ERROR", 1, False)
        assert rejected.metric == Metric("acc", float("-inf"), 7, NOON)
        assert rejected.reason == "Value is -inf, which is not finite"
        assert rejected.rule in RULES
        assert rejected.call.trial_component == "run-1"
        assert repr(rejected) == (
            "<RejectedMetric 'acc' (step 7) of 'run-1' in us-east-1: "
            "VALIDATION_ERROR, Value is -inf, which is not finite>"
        )

    def test_a_call_refused_whole_stands_in_calls_alone(self, sm_metrics, client):
        with pytest.raises(client.exceptions.ClientError):
            put(client, "Run-1", metric())
        assert sm_metrics.rejected == []
        [call] = sm_metrics.calls
        assert (call.trial_component, call.errors) == ("Run-1", [])
        assert (call.status_code, call.error_code) == (400, "ValidationException")
        assert call.response["message"].startswith("1 validation error detected")

    @pytest.mark.parametrize(
        ("content", "parameters"), [(b"{", None), (b"[1]", [1]), (b'"x"', "x"), (b"", None)]
    )
    def test_a_body_that_is_no_request(self, sm_metrics, client, content, parameters):
        def tamper(request, **_):
            request.body = content

        client.meta.events.register_first(
            "before-send.sagemaker-metrics.BatchPutMetrics", tamper, unique_id="tamper"
        )
        try:
            with pytest.raises(client.exceptions.ClientError, match="SerializationException"):
                put(client, "run-1", metric())
        finally:
            client.meta.events.unregister(
                "before-send.sagemaker-metrics.BatchPutMetrics", unique_id="tamper"
            )
        [call] = sm_metrics.calls
        assert (call.trial_component, call.parameters, call.body) == (None, parameters, content)
        assert repr(call) == "<Call BatchPutMetrics None in us-east-1: 400 SerializationException>"
        with pytest.raises(
            KeyError,
            match="a call for no readable name was refused as a whole: "
            "400 SerializationException: ",
        ):
            sm_metrics["run-1"]
        with pytest.raises(AssertionError, match="- a call for no readable name was refused"):
            sm_metrics.wait_for(lambda sm_metrics: False, timeout=0)


class TestWaiting:
    def test_for_a_background_sender(self, sm_metrics, client):
        sender = threading.Thread(
            target=lambda: [put(client, "run-1", metric(step=step)) for step in range(5)]
        )
        sender.start()
        sm_metrics.wait_for(lambda sm_metrics: len(sm_metrics["run-1"]["loss"]) == 5)
        sender.join()

    def test_what_is_true_already_is_not_waited_for(self, sm_metrics):
        sm_metrics.wait_for(lambda sm_metrics: True, timeout=0)

    def test_the_predicate_may_call_the_service(self, sm_metrics, client):
        sm_metrics.wait_for(
            lambda sm_metrics: (
                put(client, "run-1", metric()) and len(sm_metrics["run-1"]["loss"]) == 3
            )
        )

    def test_the_failure_says_what_did_arrive(self, sm_metrics, client):
        put(client, "run-1", metric("loss", 0.5), metric("acc", 0.25), metric(value=INFINITE))
        with pytest.raises(AssertionError) as failure:
            sm_metrics.wait_for(lambda sm_metrics: sm_metrics["run-2"], timeout=0.01)
        assert str(failure.value) == (
            "the predicate was not true within 0.01 seconds\n"
            "  - the predicate raised: trial component 'run-2' holds no metrics\n"
            "    - closest: 'run-1'\n"
            "  - arrived: trial component 'run-1' in us-east-1: 'loss' (1, the last to arrive "
            "0.5), 'acc' (1, the last to arrive 0.25)\n"
            "  - 'run-1': 1 metric was rejected: VALIDATION_ERROR for 'loss' (MetricIndex 2): "
            "Value is inf, which is not finite"
        )

    def test_no_lock_is_held_while_the_predicate_runs(self, sm_metrics, client):
        def predicate(sm_metrics):
            other = threading.Thread(target=put, args=(client, "run-1", metric()))
            other.start()
            other.join(timeout=5)
            return not other.is_alive()

        sm_metrics.wait_for(predicate, timeout=0)

    def test_an_assertion_helper_is_a_predicate(self, sm_metrics, client):
        put(client, "run-1", metric())
        sm_metrics.wait_for(lambda sm_metrics: sm_metrics.assert_logged("run-1", "loss"))
        sm_metrics.wait_for(lambda sm_metrics: sm_metrics.assert_not_logged("run-1", "acc"))
        sm_metrics.wait_for(lambda sm_metrics: sm_metrics.assert_called(times=1))
        sm_metrics.wait_for(lambda sm_metrics: sm_metrics.assert_no_rejected_metrics())

    def test_an_assertion_that_fails_is_waited_for(self, sm_metrics, client):
        answers = iter([False, False, True])

        def predicate(sm_metrics):
            assert next(answers), "not yet"
            return True

        sm_metrics.wait_for(predicate)
        with pytest.raises(AssertionError, match=r"the predicate raised: .*'run-2' holds no"):
            sm_metrics.wait_for(lambda it: it.assert_logged("run-2", "loss"), timeout=0)

    def test_none_is_not_true(self, sm_metrics):
        with pytest.raises(AssertionError, match=r"returned None, .*return True"):
            sm_metrics.wait_for(lambda sm_metrics: None, timeout=0)

    @pytest.mark.parametrize("timeout", [-1, "1", None, float("nan")])
    def test_a_timeout_that_is_no_time(self, sm_metrics, timeout):
        with pytest.raises(ValueError, match=f"timeout is {timeout!r}; accepted is a number of "):
            sm_metrics.wait_for(lambda sm_metrics: True, timeout=timeout)

    def test_other_exceptions_of_the_predicate_come_out(self, sm_metrics):
        with pytest.raises(ZeroDivisionError):
            sm_metrics.wait_for(lambda sm_metrics: 1 / 0)


class TestResetAndToDict:
    def test_a_reset_is_a_new_beginning(self, sm_metrics, client):
        put(client, "run-1", metric(value=INFINITE), metric())
        sm_metrics.create_trial_component("run-2")
        before = sm_metrics.calls[0].request_id
        sm_metrics.reset()
        assert (list(sm_metrics), sm_metrics.calls, sm_metrics.rejected) == ([], (), [])
        assert sm_metrics.trial_components == []
        put(client, "run-1", metric())
        assert sm_metrics.calls[0].request_id == before

    def test_to_dict_is_json_whatever_arrived(self, sm_metrics, client):
        def tamper(request, **_):
            request.body = (
                b'{"TrialComponentName": "run-1", "MetricData": '
                b'[{"MetricName": "a", "Timestamp": 0, "Step": 1.0, "Value": 1e400}]}'
            )

        client.meta.events.register_first(
            "before-send.sagemaker-metrics.BatchPutMetrics", tamper, unique_id="tamper"
        )
        try:
            put(client, "run-1", metric())
        finally:
            client.meta.events.unregister(
                "before-send.sagemaker-metrics.BatchPutMetrics", unique_id="tamper"
            )
        plain = sm_metrics.to_dict()
        json.dumps(plain, allow_nan=False)
        assert plain["calls"][0]["parameters"]["MetricData"][0]["Value"] == "Infinity"
        assert repr(plain["rejected"][0]["metric"]["step"]) == "1"

    def test_to_dict_without_ids(self, sm_metrics, client):
        put(client, "run-1", metric(value=INFINITE))
        whole, plain = sm_metrics.to_dict(), sm_metrics.to_dict(ids=False)
        for one in (whole["calls"][0], whole["rejected"][0]):
            assert one.pop("request_id")
        assert plain == whole

    def test_to_dict_can_be_encoded(self, sm_metrics, client):
        put(client, "run-1", metric("loss-\ud800"))
        with pytest.raises(client.exceptions.ClientError):
            put(client, "run-\udfff", metric())
        plain = json.dumps(sm_metrics.to_dict(), ensure_ascii=False).encode()
        assert b"loss-\\\\ud800" in plain
        assert b"run-\\\\udfff" in plain

    def test_to_dict_is_plain_and_repeats(self, client):
        dicts = []
        for _ in range(2):
            with mock_sm_metrics() as sm_metrics:
                put(client, "run-1", metric("loss", 0.5, 3), metric("loss", INFINITE, None))
                with pytest.raises(client.exceptions.ClientError):
                    put(client, "Run-1", metric())
            dicts.append(sm_metrics.to_dict())
        assert dicts[0] == dicts[1]
        assert json.loads(json.dumps(dicts[0], allow_nan=False)) == dicts[0]
        assert dicts[0]["trial_components"] == [
            {
                "name": "run-1",
                "region": "us-east-1",
                "arn": "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1",
                "metrics": [
                    {
                        "metric_name": "loss",
                        "value": 0.5,
                        "step": 3,
                        "timestamp": "2026-09-01T12:00:00+00:00",
                    }
                ],
            }
        ]
        assert [call["status_code"] for call in dicts[0]["calls"]] == [200, 400]
        assert dicts[0]["rejected"][0]["metric"]["value"] == "Infinity"


class TestRegions:
    """A region that AWS does not have, and that no call has used, is a mistake."""

    NEAREST = "region 'us-est-1' is none of AWS's, .*'us-east-1'"

    @pytest.mark.parametrize(
        "helper",
        [
            lambda it, region: it.assert_not_logged("run-1", "loss", region=region),
            lambda it, region: it.assert_called(times=0, region=region),
            lambda it, region: it.assert_no_rejected_metrics(region=region),
            lambda it, region: it.assert_logged("run-1", "loss", region=region),
        ],
    )
    def test_assertions(self, sm_metrics, helper):
        with pytest.raises(AssertionError, match=self.NEAREST):
            helper(sm_metrics, "us-est-1")
        for region in (5, ""):
            with pytest.raises(ValueError, match=f"region is {region!r}; accepted is None for any"):
                helper(sm_metrics, region)

    def test_creating(self, sm_metrics):
        with pytest.raises(ValueError, match=self.NEAREST):
            sm_metrics.create_trial_component("run-1", region="us-est-1")
        with pytest.raises(ValueError, match="region is 5"):
            sm_metrics.create_trial_component("run-1", region=5)

    def test_reading(self, sm_metrics):
        with pytest.raises(KeyError, match=self.NEAREST):
            sm_metrics.trial_component("run-1", region="us-est-1")
        with pytest.raises(ValueError, match="region is ''"):
            sm_metrics.trial_component("run-1", region="")

    def test_one_that_is_used_or_configured_is_known(self, sm_metrics, monkeypatch):
        put(client_in("local-1"), "run-1", metric())
        sm_metrics.assert_logged("run-1", "loss", region="local-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "local-2")
        sm_metrics.assert_not_logged("run-1", "loss", region="local-2")


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("fail_metrics", lambda mock: mock.fail_metrics("CONFLICT_ERROR")),
        ("fail_calls", lambda mock: mock.fail_calls("ThrottlingException")),
        ("fail_queries", lambda mock: mock.fail_queries("InternalError")),
        ("delay_calls", lambda mock: mock.delay_calls(1)),
        ("hold_calls", lambda mock: mock.hold_calls()),
        ("create_trial_component", lambda mock: mock.create_trial_component("run-1")),
        ("create_trail", lambda mock: mock.cloudtrail.create_trail("audit")),
        ("serve", lambda mock: mock.serve()),
    ],
)
def test_a_mock_that_is_off_takes_no_orders(name, use):
    with mock_sm_metrics() as off:
        pass
    with mock_sm_metrics() as sm_metrics:  # another one does not matter
        with pytest.raises(RuntimeError, match=rf"^{name}\(.*\) has no effect: the mock is off"):
            use(off)
    assert off.faults == off.trial_components == off.cloudtrail.trails == []
    assert sm_metrics.faults == []
