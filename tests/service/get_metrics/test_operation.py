"""BatchGetMetrics through real clients: reading, the statuses of queries, and faults of calls."""

from __future__ import annotations

import pickle
import re
import sys
import threading
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError

from pytest_sm_metrics import fail_calls, fail_queries, mock_sm_metrics

from ...logging_metrics import INFINITE, NOON, client_in, get, metric, put
from ...requests import query


@pytest.fixture
def client():
    client = client_in("us-east-1")
    if not hasattr(client, "batch_get_metrics"):
        pytest.skip("the service model of this botocore has no BatchGetMetrics")
    return client


def complete(xs, values):
    return {"Status": "Complete", "XAxisValues": xs, "MetricValues": values}


class TestReadingBack:
    def test_across_trial_components_and_regions_in_query_order(self, sm_metrics, client):
        put(client, "run-1", metric("loss", 0.9, 0), metric("loss", 0.5, 1), metric("acc", 0.1, 0))
        put(client, "run-2", metric("loss", 0.4, 0))
        put(client_in("eu-west-1"), "run-1", metric("loss", 0.3, 0))
        queries = [
            query(run="run-2"),
            query("acc"),
            query("nothing"),
            query(region="eu-west-1"),
            query(),
        ]
        assert get(client, *queries) == [
            complete([0], [0.4]),
            complete([0], [0.1]),
            complete([], []),
            complete([0], [0.3]),
            complete([0, 1], [0.9, 0.5]),
        ]

    def test_the_arn_of_the_trial_component_is_that_of_the_query(self, client):
        with mock_sm_metrics(account_id="111122223333") as sm_metrics:
            put(client_in("cn-north-1"), "run-1", metric("loss", 0.9, 0))
            arn = sm_metrics["run-1"].arn
            assert get(client, query(ResourceArn=arn), query(region="cn-north-1")) == [
                complete([0], [0.9]),
                complete([], []),
            ]

    @pytest.mark.parametrize("period", ["IterationNumber", "OneHour"])
    def test_the_figures_are_those_of_the_series(self, sm_metrics, client, period):
        values = [0.1, 0.7, 1e9, 1e9 + 1e-6, -3.25]
        put(
            client,
            "run-1",
            *[
                metric("loss", value, 4, NOON + timedelta(minutes=late))
                for late, value in enumerate(values)
            ],
        )
        stats = ["Min", "Max", "Avg", "StdDev", "Last", "Count"]
        loss = sm_metrics["run-1"]["loss"]
        answered = [
            result["MetricValues"]
            for result in get(client, *[query(stat=stat, period=period) for stat in stats])
        ]
        assert answered == [
            [loss.min],
            [loss.max],
            [loss.avg],
            [loss.std_dev],
            [loss.last],
            [len(loss)],
        ]

    def test_last_differs_where_timestamps_tie(self, sm_metrics, client):
        put(client, "run-1", metric("loss", 0.9, 1), metric("loss", 0.1, 1))
        [result] = get(client, query())
        assert (result["MetricValues"], sm_metrics["run-1"]["loss"].last) == ([0.9], 0.1)

    def test_names_in_arns_are_not_case_sensitive(self, sm_metrics, client):
        put(client, "run-1", metric())
        assert get(client, query(run="Run-1")) == [complete([0], [0.5])]
        sm_metrics.assert_called("BatchGetMetrics", "run-1")

    def test_after_reset_there_is_nothing(self, sm_metrics, client):
        put(client, "run-1", metric())
        sm_metrics.reset()
        assert get(client, query()) == [complete([], [])]

    def test_the_largest_doubles(self, sm_metrics, client):
        put(client, "run-1", *[metric("loss", sys.float_info.max)] * 3)
        put(
            client,
            "run-2",
            metric("loss", sys.float_info.max),
            *[metric("loss", -sys.float_info.max)] * 9,
        )
        same, apart = get(client, query(stat="StdDev"), query(stat="StdDev", run="run-2"))
        assert get(client, query(stat="Avg"))[0]["MetricValues"] == [sys.float_info.max]
        assert (same["MetricValues"], apart["MetricValues"]) == (
            [0.0],
            [pytest.approx(1.1369609680426325e308)],
        )

    def test_a_query_creates_nothing(self, client):
        with mock_sm_metrics(unknown_trial_component="reject") as sm_metrics:
            get(client, query())
            assert sm_metrics.trial_components == []
            assert put(client, "run-1", metric())["Errors"] == [
                {"Code": "VALIDATION_ERROR", "MetricIndex": 0}
            ]

    def test_what_a_client_does_not_send(self, sm_metrics, client):
        with pytest.raises(ParamValidationError):
            client.batch_get_metrics(MetricQueries=[query(Start=0.5)])
        assert sm_metrics.calls == ()

    def test_a_broken_shape_is_refused_whole(self, sm_metrics, client):
        with pytest.raises(
            ClientError, match=r"'metricQueries.2.member.period' failed to satisfy constraint"
        ) as refused:
            get(client, query(), query(period="OneDay"))
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        assert refused.value.operation_name == "BatchGetMetrics"

    @pytest.mark.sm_metrics(query_limit=2)
    def test_reading_on_where_a_result_was_truncated(self, sm_metrics, client):
        put(client, "run-1", *[metric("loss", step / 10, step) for step in range(5)])
        steps, start, statuses = [], 0, []
        while True:
            [result] = get(client, query(Start=start))
            steps += result["XAxisValues"]
            statuses.append(result["Status"])
            if statuses[-1] == "Complete":
                break
            start = steps[-1] + 1
        assert (steps, statuses) == ([0, 1, 2, 3, 4], ["Truncated", "Truncated", "Complete"])


class TestCalls:
    def test_a_call_as_it_is_recorded(self, sm_metrics, client):
        put(client, "run-1", metric("loss", 0.9, 0))
        get(client, query(), query(run="run-2"), query(Start=1, End=0))
        _, call = sm_metrics.calls
        assert (call.operation, call.trial_component, call.region, call.status_code) == (
            "BatchGetMetrics",
            None,
            "us-east-1",
            200,
        )
        assert (call.error_code, call.errors) == (None, [])
        assert call.parameters == {
            "MetricQueries": [query(), query(run="run-2"), query(Start=1, End=0)]
        }
        assert [result["Status"] for result in call.response["MetricQueryResults"]] == [
            "Complete",
            "Complete",
            "ValidationError",
        ]
        assert repr(call) == (
            "<Call BatchGetMetrics 'run-1', 'run-2' in us-east-1: "
            "200, 2 Complete, 1 ValidationError>"
        )
        assert sm_metrics.rejected == []
        assert sm_metrics.to_dict()["calls"][1]["response"] == call.response

    def test_asserting_that_a_curve_was_read(self, sm_metrics, client):
        get(client, query(run="run-1"), query(run="run-2"))
        sm_metrics.assert_called("BatchGetMetrics", "run-2", times=1)
        sm_metrics.assert_called("BatchGetMetrics", times=1)
        with pytest.raises(
            AssertionError,
            match=r"closest to 'run-3': 'run-2', 'run-1'|closest to 'run-3': 'run-1', 'run-2'",
        ):
            sm_metrics.assert_called("BatchGetMetrics", "run-3")

    def test_many_names_are_not_all_shown(self, sm_metrics, client):
        sm_metrics.fail_calls("ThrottlingException", trial_component="other")
        get(client, *[query(run=f"run-{number}") for number in range(100)])
        assert repr(sm_metrics.calls[0]).startswith(
            "<Call BatchGetMetrics 'run-0', 'run-1', 'run-2', 'run-3', 'run-4', ... (100) in us"
        )
        with pytest.raises(
            AssertionError,
            match=r"trial_component was 'run-0', .* 'run-4', \.\.\. \(100\) \(1 time\)",
        ):
            sm_metrics.check()

    def test_waiting_in_vain_says_that_only_queries_arrived(self, sm_metrics, client):
        get(client, query())
        with pytest.raises(
            AssertionError, match="1 call reached the mock, and it holds no metrics"
        ):
            sm_metrics.wait_for(lambda sm_metrics: sm_metrics["run-1"], timeout=0)

    def test_calls_can_be_pickled_with_their_outcomes(self, sm_metrics, client):
        sm_metrics.fail_queries("InternalError", metric_name=re.compile("loss"))
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=1)
        put(client, "run-1", metric(step=0, value=INFINITE), metric(step=1))
        get(client, query())
        calls, rejected = pickle.loads(pickle.dumps((sm_metrics.calls, sm_metrics.rejected)))
        assert [repr(call) for call in calls] == [repr(call) for call in sm_metrics.calls]
        assert [repr(fault) for call in calls for fault in call.faults] == [
            repr(fault) for call in sm_metrics.calls for fault in call.faults
        ]
        assert (calls[1].response, calls[1].faults[0].hits, calls[1].faults[0].has_fired) == (
            sm_metrics.calls[1].response,
            1,
            True,
        )
        assert [one.rule for one in rejected] == [one.rule for one in sm_metrics.rejected]

    def test_a_failing_query_is_no_refused_put(self, sm_metrics, client):
        with pytest.raises(ClientError):
            get(client, query(period="OneDay"))
        with pytest.raises(KeyError) as absent:
            sm_metrics["run-1"]
        assert str(absent.value) == (
            "trial component 'run-1' holds no metrics\n"
            "  - no BatchPutMetrics call has reached the mock"
        )

    def test_a_query_does_not_conflict_with_a_write(self, client):
        with mock_sm_metrics(concurrent_writes="conflict") as sm_metrics:
            reading = threading.Thread(target=get, args=(client, query()))
            with sm_metrics.hold_calls(operation="BatchGetMetrics") as held:
                reading.start()
                held.wait()
                assert put(client, "run-1", metric())["Errors"] == []
            reading.join()
            [result] = sm_metrics.calls[-1].response["MetricQueryResults"]
            assert result["MetricValues"] == [0.5]  # it was answered when the block ended


class TestFailQueries:
    @pytest.mark.parametrize(
        ("status", "message"),
        [
            ("InternalError", "Internal server error. Please try again later."),
            ("ValidationError", "The query failed validation."),
        ],
    )
    def test_a_status_without_values(self, sm_metrics, client, status, message):
        put(client, "run-1", metric("loss", 0.9, 0), metric("acc", 0.1, 0))
        fault = sm_metrics.fail_queries(status, metric_name="loss")
        failed, good = get(client, query(), query("acc"))
        assert failed == {
            "Status": status,
            "Message": message,
            "XAxisValues": [],
            "MetricValues": [],
        }
        assert good == complete([0], [0.1])
        assert fault.hits == 1
        assert sm_metrics.calls[-1].faults == (fault,)

    def test_truncated_lacks_the_last_value(self, sm_metrics, client):
        put(client, "run-1", *[metric("loss", step / 10, step) for step in range(3)])
        sm_metrics.fail_queries("Truncated", times=2)
        assert get(client, query(), query("los"), query()) == [
            {"Status": "Truncated", "XAxisValues": [0, 1], "MetricValues": [0.0, 0.1]},
            {"Status": "Truncated", "XAxisValues": [], "MetricValues": []},
            complete([0, 1, 2], [0.0, 0.1, 0.2]),
        ]

    def test_a_message(self, sm_metrics, client):
        sm_metrics.fail_queries("InternalError", message="try later")
        [result] = get(client, query())
        assert result["Message"] == "try later"

    @pytest.mark.parametrize(
        ("filters", "failed"),
        [
            ({}, [0, 1, 2, 3]),
            ({"metric_name": "acc"}, [1]),
            ({"metric_name": re.compile("^(acc|val)")}, [1, 3]),
            ({"trial_component": "run-2"}, [2]),
            ({"trial_component": lambda name: name.endswith("1")}, [0, 1, 3]),
            ({"region": "eu-west-1"}, [3]),
            ({"region": "us-east-1", "metric_name": "loss"}, [0, 2]),
            ({"after": 1, "times": 2}, [1, 2]),
            ({"trial_component": "run-1", "after": 1}, [1, 3]),
        ],
    )
    def test_filters_look_at_the_single_query(self, sm_metrics, client, filters, failed):
        sm_metrics.fail_queries("InternalError", **filters)
        queries = [
            query("loss"),
            query("acc"),
            query("loss", run="run-2"),
            query("val", region="eu-west-1"),
        ]
        results = get(client, *queries)
        assert [
            index for index, result in enumerate(results) if result["Status"] == "InternalError"
        ] == failed

    @pytest.mark.parametrize("status", ["InternalError", "Truncated"])
    def test_a_fault_comes_before_the_rules(self, sm_metrics, client, status):
        sm_metrics.fail_queries(status)
        assert [result["Status"] for result in get(client, query(Start=1, End=0))] == [status]

    def test_faults_of_metrics_are_not_asked_about_queries(self, sm_metrics, client):
        asked = []
        sm_metrics.fail_metrics(
            "CONFLICT_ERROR", trial_component=lambda name: asked.append(name), optional=True
        )
        sm_metrics.fail_queries(
            "InternalError", metric_name=lambda name: asked.append(name), optional=True
        )
        put(client, "run-1", metric())
        get(client, query(run="run-2"))
        assert asked == ["run-1", "loss"]

    def test_a_template(self, client):
        with mock_sm_metrics(faults=[fail_queries("InternalError", times=1)]):
            assert [result["Status"] for result in get(client, query(), query())] == [
                "InternalError",
                "Complete",
            ]

    @pytest.mark.parametrize("status", ["Complete", "internalerror", "", None, 3, []])
    def test_an_unknown_status_lists_the_known_ones(self, sm_metrics, status):
        with pytest.raises(
            ValueError,
            match=r"unknown status .* The statuses are: InternalError, ValidationError, Truncated",
        ):
            sm_metrics.fail_queries(status)
        with pytest.raises(ValueError, match=r"; fail_calls takes it"):
            fail_queries("ThrottlingException")
        with pytest.raises(ValueError, match=r"; fail_queries takes it"):
            fail_calls("InternalError")
        with pytest.raises(ValueError, match="message is 3"):
            fail_queries("InternalError", message=3)

    def test_a_misspelt_filter_says_what_came_near(self, sm_metrics, client):
        fault = sm_metrics.fail_queries("InternalError", metric_name="los")
        put(client, "run-1", metric())
        get(client, query(), query("acc"))
        with pytest.raises(AssertionError) as told:
            sm_metrics.check()
        assert repr(fault) == "fail_queries('InternalError', metric_name='los')"
        assert str(told.value).splitlines()[:4] == [
            "a fault never fired: fail_queries('InternalError', metric_name='los')",
            "  - 2 queries came near; what did not match:",
            "  - metric_name was 'loss' (1 time)",
            "  - metric_name was 'acc' (1 time)",
        ]

    @pytest.mark.parametrize(
        ("fault", "operation"),
        [("fail_queries", "BatchGetMetrics"), ("fail_metrics", "BatchPutMetrics")],
    )
    def test_no_call_of_its_operation(self, sm_metrics, client, fault, operation):
        getattr(sm_metrics, fault)("InternalError" if fault == "fail_queries" else "INTERNAL_ERROR")
        if fault == "fail_queries":
            put(client, "run-1", metric())
        else:
            get(client, query())
        with pytest.raises(
            AssertionError, match=f"no {operation} call has reached the mock while it was in force"
        ):
            sm_metrics.check()


class TestFaultsOfCalls:
    def test_throttling_that_a_client_survives(self, sm_metrics, client):
        sm_metrics.fail_calls("ThrottlingException", operation="BatchGetMetrics", times=2)
        put(client, "run-1", metric())
        assert get(client, query()) == [complete([0], [0.5])]
        assert [call.status_code for call in sm_metrics.calls] == [200, 400, 400, 200]

    @pytest.mark.parametrize("name", ["run-2", re.compile("2$"), lambda name: name == "run-2"])
    def test_the_filter_matches_if_any_query_names_the_trial_component(
        self, sm_metrics, client, name
    ):
        fault = sm_metrics.fail_calls("ThrottlingException", trial_component=name, times=1)
        get(client, query(run="run-1"))
        assert fault.hits == 0
        get(client, query(run="run-1"), query(run="run-2"))
        assert fault.hits == 1

    def test_a_malformed_request_names_its_trial_components_too(self, sm_metrics, client):
        sm_metrics.fail_calls("InternalFailure", trial_component="run-1", times=1)
        with pytest.raises(ClientError, match="ValidationException"):
            get(client, query(period="OneDay"))
        assert [call.error_code for call in sm_metrics.calls] == [
            "InternalFailure",
            "ValidationException",
        ]

    def test_access_denied_names_operation_and_resource(self, sm_metrics, client):
        sm_metrics.fail_calls("AccessDeniedException")
        with pytest.raises(ClientError) as denied:
            get(client, query(run="run-2"))
        assert denied.value.response["Error"]["Message"] == (
            "User: arn:aws:iam::123456789012:user/tester is not authorized to perform: "
            "sagemaker:BatchGetMetrics on resource: "
            "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-2 "
            "because no identity-based policy allows the sagemaker:BatchGetMetrics action"
        )

    def test_access_denied_names_the_resource_that_the_fault_is_for(self, sm_metrics, client):
        sm_metrics.fail_calls("AccessDeniedException", trial_component="run-2")
        with pytest.raises(ClientError, match=r"on resource: arn:.*/run-2 because"):
            get(client, query(run="run-1"), query(run="run-2"))

    def test_a_lost_answer_and_a_delay(self, sm_metrics, client):
        put(client, "run-1", metric())
        sm_metrics.fail_calls(ReadTimeoutError, stored=True, times=1)
        sm_metrics.delay_calls(90, after=1, times=1)
        assert get(client, query()) == [complete([0], [0.5])]
        assert [(call.status_code, call.response is None) for call in sm_metrics.calls[1:]] == [
            (None, True),
            (None, True),
            (200, False),
        ]

    def test_a_raw_answer(self, sm_metrics, client):
        sm_metrics.fail_calls((200, b'{"MetricQueryResults": [{"Status'))
        assert "MetricQueryResults" not in client.batch_get_metrics(MetricQueries=[query()])

    def test_faults_of_queries_are_not_reached_where_the_call_fails(self, sm_metrics, client):
        failing = sm_metrics.fail_queries("InternalError", optional=True)
        sm_metrics.fail_calls("AccessDeniedException")
        with pytest.raises(ClientError):
            get(client, query())
        assert (failing.matches, failing.hits) == (0, 0)

    def test_a_template_for_one_operation(self, client):
        with mock_sm_metrics(
            faults=[fail_calls("AccessDeniedException", operation="BatchGetMetrics")]
        ):
            put(client, "run-1", metric())
            with pytest.raises(ClientError, match="AccessDenied"):
                get(client, query())
