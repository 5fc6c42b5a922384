"""`sweep`: each failure at each attempt, and a table of what became of the metrics."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pytest_sm_metrics import current, fail_calls, mock_sm_metrics, sweep
from pytest_sm_metrics.aws.active import active
from pytest_sm_metrics.sweeps.schedules import random_schedules, shortest

NOON = 1788264000
STEPS = range(3)


@pytest.fixture
def client():
    config = Config(retries={"mode": "standard", "total_max_attempts": 3})
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("sagemaker-metrics", region_name="us-east-1", config=config, **keys)


@pytest.fixture
def put(client):
    def put(step, value=0.5):
        metric = {"MetricName": "loss", "Timestamp": NOON, "Step": step, "Value": value}
        return client.batch_put_metrics(TrialComponentName="run-1", MetricData=[metric])

    return put


@pytest.fixture
def upload(put):
    """Return an uploader that ignores Errors."""

    def upload():
        for step in STEPS:
            put(step)

    return upload


def outcomes(result):
    return [(*case.faults[0], case.outcome) for case in result.cases]


class TestOutcomes:
    def test_ok(self, upload):
        result = sweep(upload, only="ThrottlingException")
        assert outcomes(result) == [("ThrottlingException", at, "ok") for at in STEPS]
        assert result
        result.check()

    def test_lost(self, upload):
        result = sweep(upload, only="CONFLICT_ERROR")
        assert outcomes(result) == [("CONFLICT_ERROR", at, "lost") for at in STEPS]
        assert [case.lost for case in result.cases] == [
            (f"loss=0.5 at step {at} of 'run-1' in us-east-1",) for at in STEPS
        ]
        assert not result

    def test_doubled(self, upload):
        result = sweep(upload, only="ReadTimeoutError-stored")
        assert outcomes(result) == [("ReadTimeoutError-stored", at, "doubled") for at in STEPS]
        assert result.cases[1].doubled == ("loss=0.5 at step 1 of 'run-1' in us-east-1",)

    def test_lost_and_doubled(self, put):
        def upload():  # it sends everything again but what failed
            kept = [step for step in STEPS if not put(step)["Errors"]]
            if len(kept) < len(STEPS):
                for step in kept:
                    put(step)

        result = sweep(upload, only="CONFLICT_ERROR")
        assert [case.outcome for case in result.cases] == ["lost and doubled"] * 3

    def test_raised(self, put):
        def upload():
            for step in STEPS:
                if put(step)["Errors"]:
                    raise RuntimeError("not stored")

        result = sweep(upload, only="CONFLICT_ERROR")
        assert {case.outcome for case in result.cases} == {"raised"}
        assert not result
        assert sweep(upload, only="CONFLICT_ERROR", may_raise=RuntimeError)
        assert not sweep(upload, only="CONFLICT_ERROR", may_raise=(KeyError, OSError))

    def test_different(self, put):
        def upload():  # it sends what was rejected last
            rejected = [step for step in STEPS if put(step)["Errors"]]
            for step in rejected:
                put(step)

        def in_order(sm_metrics):
            return sm_metrics["run-1"]["loss"].steps == [0, 1, 2]

        assert sweep(upload, only="CONFLICT_ERROR")
        result = sweep(upload, in_order, only="CONFLICT_ERROR")
        assert [case.outcome for case in result.cases] == ["different", "different", "ok"]

    def test_a_query(self, client, put):
        if not hasattr(client, "batch_get_metrics"):
            pytest.skip("the service model of this botocore has no BatchGetMetrics")

        def read():
            put(0)
            query = {
                "MetricName": "loss",
                "ResourceArn": current()["run-1"].arn,
                "MetricStat": "Last",
                "Period": "IterationNumber",
                "XAxisType": "IterationNumber",
            }
            [found] = client.batch_get_metrics(MetricQueries=[query])["MetricQueryResults"]
            if not found["MetricValues"]:
                raise LookupError("no values")

        result = sweep(read, only=["query-Truncated", "query-InternalError", "CONFLICT_ERROR"])
        assert outcomes(result) == [
            ("query-Truncated", 0, "raised"),
            ("query-InternalError", 0, "raised"),
            ("CONFLICT_ERROR", 0, "raised"),
        ]


class TestTheInvariant:
    def test_asserts_count(self, put):
        def upload():  # the first failure costs the order
            rejected = [step for step in STEPS if put(step)["Errors"]]
            for step in rejected:
                put(step)

        def invariant(sm_metrics):
            assert sm_metrics["run-1"]["loss"].steps == [0, 1, 2]

        [first, *_] = sweep(upload, invariant, only="CONFLICT_ERROR").cases
        assert first.outcome == "different"
        assert "[1, 2, 0]" in str(first.error)

    def test_one_that_does_not_hold_without_failures(self, upload):
        with pytest.raises(AssertionError, match="does not hold without failures"):
            sweep(upload, lambda sm_metrics: False)

    def test_an_absent_run_counts_as_false(self, upload):
        with pytest.raises(AssertionError, match="does not hold without failures"):
            sweep(upload, lambda sm_metrics: sm_metrics["other"])

    def test_another_error_is_raised(self, upload):
        with pytest.raises(ZeroDivisionError):
            sweep(upload, lambda sm_metrics: 1 / 0)


class TestTheRuns:
    def test_each_has_a_mock_that_starts_empty(self, upload):
        seen = []
        sweep(lambda: (upload(), seen.append(len(current()["run-1"]["loss"]))), only="SlowAnswer")
        assert seen == [3, 3, 3, 3]

    def test_nothing_stays_on(self, upload):
        with mock_sm_metrics() as outer:
            sweep(upload, only="NotJSON")
            assert current() is outer
            assert outer.calls == ()
        assert active.stack == []

    def test_an_interruption_leaves_nothing_on(self, put):
        def upload():
            put(0)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sweep(upload)
        assert active.stack == []

    def test_settings_hold_in_each(self, upload):
        with pytest.raises(AssertionError, match="does not hold"):
            sweep(upload, lambda sm_metrics: len(sm_metrics["run-1"].metrics) == 3, metric_limit=2)

    def test_faults_of_the_settings_come_first(self, upload):
        always = fail_calls("ThrottlingException", times=1)
        result = sweep(upload, only="ThrottlingException", faults=[always])
        assert result.attempts == 4
        assert result

    def test_a_coroutine_function(self, put):
        async def upload():
            put(0)

        result = sweep(upload, only="CONFLICT_ERROR")
        assert [case.outcome for case in result.cases] == ["lost"]

    def test_what_it_raises_without_failures_is_raised(self, put):
        def upload():
            raise OSError("no disk")

        with pytest.raises(OSError, match="no disk"):
            sweep(upload)

    def test_a_function_without_calls(self):
        def silent():
            pass

        with pytest.raises(AssertionError, match=r"silent\(\) made no call of SageMaker Metrics"):
            sweep(silent)

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"only": "NotJson"}, ValueError, "did you mean 'NotJSON'"),
            ({"without": ["NotJson"]}, ValueError, "did you mean 'NotJSON'"),
            ({"only": []}, ValueError, "no failure is left"),
            ({"transient": 1}, ValueError, "transient is 1"),
            ({"schedules": -1}, ValueError, "schedules is -1"),
            ({"metric_limits": 1}, TypeError, "metric_limit"),
            ({"times": 0}, ValueError, "times is 0"),
            (
                {"may_raise": "UploadError"},
                ValueError,
                "may_raise is 'UploadError'; accepted is an",
            ),
            ({"may_raise": (ValueError, None)}, ValueError, "may_raise is "),
            ({"invariant": True}, ValueError, "invariant is True; accepted is None, or a function"),
        ],
    )
    def test_what_is_not_accepted_is_refused_before_the_function_runs(
        self, arguments, error, message
    ):
        runs = []
        with pytest.raises(error, match=message):
            sweep(lambda: runs.append(1), **arguments)
        assert runs == []

    def test_the_result_of_a_call_is_no_function(self):
        with pytest.raises(ValueError, match="function is None; accepted is a function that takes"):
            sweep(print())

    def test_names_may_come_from_an_iterator(self, upload):
        found = sweep(upload, only=iter(["BadGateway", "CONFLICT_ERROR"]))
        assert {case.faults[0][0] for case in found.cases} == {"BadGateway", "CONFLICT_ERROR"}


class TestTheTable:
    def test_rows_and_columns(self, upload):
        table = sweep(upload, only=["ThrottlingException", "CONFLICT_ERROR", "BadGateway"]).table
        assert table.splitlines() == [
            "failure              attempts 1 to 3",
            "ThrottlingException  ...",
            "CONFLICT_ERROR       LLL",
            "BadGateway           ...",
            "",
            ". ok, L lost",
        ]

    def test_many_attempts(self, put):
        result = sweep(lambda: [put(step) for step in range(70)], only="CONFLICT_ERROR")
        assert "L" * 60 + "... (70 attempts)" in result.table

    def test_no_failure_happened(self, upload):
        result = sweep(upload, only="query-Truncated")
        assert result.cases == []
        assert result.table == "no failure happened"
        assert "no failure happened" in repr(result)

    def test_the_message_has_the_table_and_the_shortest_case_as_a_test(self, upload):
        with pytest.raises(AssertionError) as failed:
            sweep(upload, only=["CONFLICT_ERROR", "ThrottlingException"]).check()
        assert str(failed.value).splitlines() == [
            "3 of 6 cases fail: a failure of the service at one of the attempts of upload()",
            "",
            "failure              attempts 1 to 3",
            "CONFLICT_ERROR       LLL",
            "ThrottlingException  ...",
            "",
            ". ok, L lost",
            "",
            "the shortest: CONFLICT_ERROR at attempt 1, lost "
            "\"loss=0.5 at step 0 of 'run-1' in us-east-1\"; as a test:",
            "",
            '    @pytest.mark.sm_metrics(faults=every_fault(only="CONFLICT_ERROR", after=0))',
            "    def test_it(sm_metrics):",
            "        upload()",
            "        ...  # assert on sm_metrics",
        ]


class TestSchedules:
    def test_several_failures_that_only_together_lose_metrics(self, put):
        def upload():
            for step in STEPS:
                for _ in range(2):  # it tries twice
                    try:
                        if not put(step)["Errors"]:
                            break
                    except (BotoCoreError, ClientError):
                        pass

        only = ["CONFLICT_ERROR", "INTERNAL_ERROR"]
        assert sweep(upload, only=only)
        result = sweep(upload, only=only, schedules=200)
        [case] = result.failing
        assert case.outcome == "lost"
        assert len(case.faults) == 2
        assert {at for _, at in case.faults} <= {0, 1}
        with pytest.raises(AssertionError) as failed:
            result.check()
        assert "faults=[*every_fault(only=" in str(failed.value)

    def test_the_same_seed_has_the_same_schedules(self):
        names = ["a", "b", "c"]
        first = list(random_schedules(names, 5, 20, seed=1))
        assert first == list(random_schedules(names, 5, 20, seed=1))
        assert first != list(random_schedules(names, 5, 20, seed=2))
        for schedule in first:
            assert 2 <= len(schedule) <= 4
            assert all(name in names and at in range(5) for name, at in schedule)

    def test_no_names_no_schedules(self):
        assert list(random_schedules([], 5, 20, seed=1)) == []

    def test_the_shortest_part_and_the_earliest_attempts(self):
        def fails(schedule):
            return any(name == "b" and at >= 1 for name, at in schedule)

        assert shortest([("a", 3), ("b", 4), ("c", 0)], fails) == [("b", 1)]

    def test_what_fails_only_as_a_whole_stays(self):
        schedule = [("a", 0), ("b", 0)]
        assert list(shortest(schedule, lambda one: len(one) == 2)) == schedule
