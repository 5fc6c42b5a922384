"""The assertion helpers: the expectations that pass, and the messages of those that fail."""

from __future__ import annotations

import threading

import pytest

from ..logging_metrics import INFINITE, client_in, metric, put


class Array:
    """An array, as far as the helpers know one."""

    def __init__(self, values):
        self.values = values

    def tolist(self):
        return self.values


@pytest.fixture(autouse=True)
def client(sm_metrics):
    """Log a curve of fifty points, a rejected one, a run elsewhere and a refused run."""
    client = client_in("us-east-1")
    for step in range(0, 50, 10):
        put(
            client,
            "run-1",
            *[metric("train:loss", 1 / (one + 1), one) for one in range(step, step + 10)],
        )
    put(client, "run-1", metric("val:loss", 0.5, None), metric("val:loss", INFINITE, 1))
    put(client_in("eu-west-1"), "run-2", metric("acc", 0.25, 3))
    with pytest.raises(client.exceptions.ClientError):
        put(client, "Run-3", metric())
    return client


CURVE = [1 / (step + 1) for step in range(50)]


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"values": CURVE},
        {"values": tuple(CURVE)},
        {"values": Array(CURVE)},
        {"values": (1 / (step + 1) for step in range(50))},
        {"values": pytest.approx(CURVE)},
        {"values": [pytest.approx(value) for value in CURVE]},
        {"steps": range(50)},
        {"last": pytest.approx(0.02), "count": 50},
        {"value": 0.5},
        {"value": 0.5, "step": 1},
        {"value": pytest.approx(0.3333, abs=1e-3), "step": 2},
        {"step": 49, "region": "us-east-1"},
        {"values": CURVE, "steps": list(range(50)), "last": 0.02, "count": 50, "timeout": 1},
    ],
    ids=lambda expected: ",".join(expected),
)
def test_what_was_logged(sm_metrics, expected):
    sm_metrics.assert_logged("run-1", "train:loss", **expected)


def test_a_point_without_a_step(sm_metrics):
    sm_metrics.assert_logged("run-1", "val:loss", 0.5, step=None)


def test_without_a_region_any_will_do(sm_metrics, client):
    put(client, "run-2", metric("acc", 0.75, 3))
    sm_metrics.assert_logged("run-2", "acc", 0.25, count=1)
    sm_metrics.assert_logged("run-2", "acc", 0.75, count=1)
    with pytest.raises(
        AssertionError,
        match=r"in eu-west-1 is not as expected(?s:.*)in us-east-1 is not as expected",
    ):
        sm_metrics.assert_logged("run-2", "acc", 0.5)


def failure(check, *args, **kwargs):
    with pytest.raises(AssertionError) as failed:
        check(*args, **kwargs)
    return str(failed.value).splitlines()


HEAD = "metric 'train:loss' of trial component 'run-1' in us-east-1 is not as expected"
REJECTED = (
    "  - 1 metric of that name was rejected: VALIDATION_ERROR for 'val:loss' (MetricIndex 1): "
    "Value is inf, which is not finite"
)


class TestLogged:
    def test_a_misspelt_run(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "rum-1", "train:loss") == [
            "trial component 'rum-1' holds no metrics",
            "  - closest: 'run-1', 'run-2'",
        ]

    def test_a_run_that_was_refused(self, sm_metrics):
        head, refused, closest = failure(sm_metrics.assert_logged, "Run-3", "loss")
        assert head == "trial component 'Run-3' holds no metrics"
        assert refused.startswith(
            "  - a call for it was refused as a whole: 400 ValidationException: 1 validation "
            "error detected: Value 'Run-3'"
        )
        assert closest.startswith("  - closest: ")

    def test_another_region(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-2", "acc", region="us-east-1") == [
            "trial component 'run-2' holds no metrics in region us-east-1",
            "  - it holds metrics in eu-west-1",
        ]

    def test_a_misspelt_metric(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-1", "train:los") == [
            "trial component 'run-1' in us-east-1 holds no metric named 'train:los'",
            "  - closest: 'train:loss'",
        ]

    def test_a_metric_of_another_run(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-1", "acc") == [
            "trial component 'run-1' in us-east-1 holds no metric named 'acc'",
            "  - its metrics: 'train:loss', 'val:loss'",
            "  - held by 'run-2' in eu-west-1",
        ]

    def test_another_step(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-1", "train:loss", 0.5, step=2) == [
            HEAD,
            "  - no metric with value 0.5 and step 2 among 50",
            "  - at step 2 arrived: [0.3333333333333333]",
            "  - value 0.5 arrived at step [1]",
        ]

    def test_a_step_that_never_came(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-1", "train:loss", step=50) == [
            HEAD,
            "  - no metric with step 50 among 50",
            "  - steps that arrived: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...]",
        ]

    def test_a_rejected_point(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-1", "val:loss", step=1)[1:] == [
            "  - no metric with step 1 among 1",
            "  - steps that arrived: [None]",
            REJECTED,
        ]

    def test_one_of_fifty_values(self, sm_metrics):
        expected = [*CURVE[:17], 0.06, *CURVE[18:]]
        head, first, wanted, arrived = failure(
            sm_metrics.assert_logged, "run-1", "train:loss", values=expected
        )
        assert head == HEAD
        assert first == (
            "  - values: first difference at index 17 (step 17): "
            "expected 0.06, arrived 0.05555555555555555"
        )
        assert "0.0625, 0.058823529411764705, 0.06, " in wanted
        assert "0.0625, 0.058823529411764705, 0.05555555555555555, " in arrived

    def test_several_values(self, sm_metrics):
        assert "  - values: 2 of 50 differ" in failure(
            sm_metrics.assert_logged, "run-1", "train:loss", values=[2, *CURVE[1:-1], 2]
        )

    def test_a_value_missing_and_one_too_many(self, sm_metrics):
        missing = failure(sm_metrics.assert_logged, "run-1", "train:loss", values=[*CURVE, 0.01])
        assert missing[1:3] == [
            "  - values: 51 expected, 50 arrived",
            "  - values: the first one missing, at index 50: 0.01",
        ]
        too_many = failure(sm_metrics.assert_logged, "run-1", "train:loss", values=CURVE[:-1])
        assert too_many[1:3] == [
            "  - values: 49 expected, 50 arrived",
            "  - values: the first one too many, at index 49: 0.02",
        ]

    def test_an_approximation(self, sm_metrics):
        expected = pytest.approx([0.4])
        assert failure(sm_metrics.assert_logged, "run-1", "val:loss", values=expected)[1:] == [
            "  - values: first difference at index 0 (step None): expected 0.4 ± 4.0e-07, "
            "arrived 0.5",
            "  - expected values: [0.4 ± 4.0e-07]",
            "  - arrived values:  [0.5]",
            REJECTED,
        ]

    def test_a_long_approximation(self, sm_metrics):
        expected = pytest.approx([*CURVE[:30], 0.5, *CURVE[31:]], abs=0.001)
        _, first, around, _ = failure(
            sm_metrics.assert_logged, "run-1", "train:loss", values=expected
        )
        assert first == (
            "  - values: first difference at index 30 (step 30): expected 0.5 ± 0.001, "
            f"arrived {CURVE[30]!r}"
        )
        assert around.startswith("  - expected values: [..., ")

    def test_an_approximation_of_another_length(self, sm_metrics):
        expected = pytest.approx(CURVE[:-1])
        lines = failure(sm_metrics.assert_logged, "run-1", "train:loss", values=expected)
        assert lines[1:3] == [
            "  - values: 49 expected, 50 arrived",
            "  - values: the first one too many, at index 49: 0.02",
        ]

    def test_last_and_count(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-1", "train:loss", last=0.5, count=49) == [
            HEAD,
            "  - last: expected 0.5, arrived 0.02",
            "  - count: expected 49, arrived 50",
        ]

    def test_a_run_that_was_refused_for_its_upper_case(self, sm_metrics):
        head, refused, _ = failure(sm_metrics.assert_logged, "run-3", "loss")
        assert head == "trial component 'run-3' holds no metrics"
        assert refused.startswith(
            "  - a call for 'Run-3' was refused as a whole: 400 ValidationException: "
        )

    def test_a_series_where_a_point_is_meant(self, sm_metrics):
        assert failure(sm_metrics.assert_logged, "run-1", "train:loss", CURVE)[1] == (
            "  - value is that of one point; a whole series is asked for with values="
        )

    def test_after_waiting(self, sm_metrics):
        head, *_ = failure(sm_metrics.assert_logged, "run-4", "loss", timeout=0.01)
        assert head == "after 0.01 seconds: trial component 'run-4' holds no metrics"

    def test_a_created_run(self, sm_metrics):
        sm_metrics.create_trial_component("run-9")
        assert "  - it was created, but no metric was accepted for it" in failure(
            sm_metrics.assert_logged, "run-9", "loss"
        )

    def test_nothing_at_all(self, sm_metrics):
        sm_metrics.reset()
        assert failure(sm_metrics.assert_logged, "run-1", "loss") == [
            "trial component 'run-1' holds no metrics",
            "  - no SageMaker Metrics call has reached the mock",
        ]


def test_not_logged(sm_metrics):
    sm_metrics.assert_not_logged("run-1", "acc")
    sm_metrics.assert_not_logged("run-2", "acc", region="us-east-1")
    sm_metrics.assert_not_logged("Run-3", "loss")
    assert failure(sm_metrics.assert_not_logged, "run-2", "acc") == [
        "metric 'acc' of trial component 'run-2' in eu-west-1 was logged",
        "  - 1 value: [0.25]",
        "  - steps: [3]",
    ]


def test_no_rejected_metrics(sm_metrics):
    sm_metrics.assert_no_rejected_metrics(region="eu-west-1")
    assert failure(sm_metrics.assert_no_rejected_metrics) == [
        "1 metric was rejected",
        "  - <RejectedMetric 'val:loss' (step 1) of 'run-1' in us-east-1: VALIDATION_ERROR, Value "
        "is inf, which is not finite>, MetricIndex 1",
    ]


class TestCalled:
    def test_what_passes(self, sm_metrics):
        sm_metrics.assert_called()
        sm_metrics.assert_called("BatchPutMetrics", "run-1", times=6)
        sm_metrics.assert_called(region="eu-west-1", times=1)
        sm_metrics.assert_called("BatchGetMetrics", times=0)
        sm_metrics.assert_called(trial_component="Run-3", timeout=1)

    def test_too_few(self, sm_metrics):
        assert failure(
            sm_metrics.assert_called, operation="BatchPutMetrics", trial_component="run-2", times=3
        ) == [
            "expected 3 calls (operation='BatchPutMetrics', trial_component='run-2'), but 1 "
            "attempt arrived",
            "  - attempts that match:",
            "  - <Call BatchPutMetrics 'run-2' in eu-west-1: 200> 1 time",
        ]

    def test_none(self, sm_metrics):
        lines = failure(sm_metrics.assert_called, "BatchPutMetric", "rum-2")
        assert lines[:3] == [
            "expected at least one call (operation='BatchPutMetric', trial_component='rum-2'), "
            "but 0 attempts arrived",
            "  - unknown operation 'BatchPutMetric'; did you mean 'BatchPutMetrics'?",
            "  - closest to 'rum-2': 'run-2', 'Run-3', 'run-1'",
        ]
        assert "  - <Call BatchPutMetrics 'run-1' in us-east-1: 200> 5 times" in lines

    def test_an_unknown_operation_is_never_called_in_vain(self, sm_metrics):
        _, unknown, *_ = failure(sm_metrics.assert_called, "batch_get_metrics", times=0)
        assert unknown == (
            "  - unknown operation 'batch_get_metrics'; did you mean 'BatchGetMetrics'?"
        )

    def test_where_none_arrived_at_all(self, sm_metrics):
        sm_metrics.reset()
        _, why = failure(sm_metrics.assert_called)
        assert why == "  - no SageMaker Metrics call has reached the mock"


@pytest.mark.parametrize("expected", [{0.5}, {0.5: 1}, "0.5"])
def test_what_has_no_order_is_no_list_of_values(sm_metrics, expected):
    with pytest.raises(TypeError, match=r"values is a .*; accepted is what has an order"):
        sm_metrics.assert_logged("run-1", "val:loss", values=expected)


def test_an_iterator_lasts_for_as_long_as_it_is_waited_for(sm_metrics, client):
    sender = threading.Timer(0.1, put, [client, "run-6", metric(value=1), metric(value=2)])
    sender.start()
    sm_metrics.assert_logged("run-6", "loss", values=map(float, [1, 2]), timeout=5)
    sender.join()


def test_a_timeout_waits_for_a_background_sender(sm_metrics, client):
    sender = threading.Thread(
        target=lambda: [put(client, "run-5", metric(step=step)) for step in range(5)]
    )
    sender.start()
    sm_metrics.assert_logged("run-5", "loss", count=5, timeout=5)
    sm_metrics.assert_called(trial_component="run-5", times=5, timeout=5)
    sender.join()
