"""The fixture in a user's project: through pytester, in process and under xdist."""

from __future__ import annotations

import re


def test_a_users_tests(run):
    result = run(
        """
        import asyncio, pytest
        from trainer import client, log
        from pytest_sm_metrics import current, mock_sm_metrics

        def test_curve(sm_metrics):
            log("run-1", "loss", 0.9, 0.5, 0.3)
            assert sm_metrics["run-1"]["loss"].values == [0.9, 0.5, 0.3]
            assert current() is sm_metrics

        def test_nothing_leaks(sm_metrics):
            assert list(sm_metrics) == []

        def test_context_manager():
            with mock_sm_metrics(metric_limit=2) as sm_metrics:
                errors = log("run-1", "loss", 0.9, 0.5, 0.3)["Errors"]
                assert errors == [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 2}]
            assert sm_metrics["run-1"]["loss"].values == [0.9, 0.5]

        def test_async_context_manager():
            async def train():
                async with mock_sm_metrics() as sm_metrics:
                    log("run-1", "loss", 0.5)
                return sm_metrics
            assert list(asyncio.run(train())) == ["run-1"]

        def test_start_and_stop():
            sm_metrics = mock_sm_metrics().start()
            try:
                log("run-1", "loss", 0.5)
            finally:
                sm_metrics.stop()
            assert "run-1" in sm_metrics

        def test_a_mock_beside_the_fixture(sm_metrics):
            with mock_sm_metrics() as inner:
                log("run-1", "loss", 0.5)
            assert (len(inner), len(sm_metrics)) == (1, 0)
        """
    )
    result.assert_outcomes(passed=6)


def test_failures_lead_to_the_cause(run):
    result = run(
        """
        from trainer import INFINITE, log

        def test_misspelt_metric(sm_metrics):
            log("run-1", "loss", 0.5)
            assert sm_metrics["run-1"]["los"].values == [0.5]

        def test_not_in(sm_metrics):
            log("run-1", "loss", INFINITE)
            assert "run-1" in sm_metrics

        def test_metric_not_in(sm_metrics):
            log("run-1", "loss", 0.5)
            assert "Loss" in sm_metrics["run-1"]

        def test_series_with_numbers(sm_metrics):
            log("run-1", "loss", 0.5)
            assert [0.5] == sm_metrics["run-1"]["loss"]

        def test_fifty_values(sm_metrics):
            for _ in range(5):
                log("run-1", "loss", *[0.5] * 10)
            assert sm_metrics["run-1"]["loss"].values == [0.5] * 17 + [0.25] + [0.5] * 32

        def test_rejected(sm_metrics):
            log("run-1", "loss", INFINITE)
            assert not sm_metrics.rejected

        def test_helper(sm_metrics):
            log("run-1", "loss", 0.5)
            sm_metrics.assert_logged("run-1", "loss", 0.25, step=0)
        """
    )
    result.assert_outcomes(failed=7)
    lines = [line.removeprefix("E").strip() for line in result.outlines]
    for expected in [
        "pytest_sm_metrics.exceptions.AbsentError: trial component 'run-1' in us-east-1 holds no "
        "metric named 'los'",
        "- closest: 'loss'",
        "AssertionError: assert 'run-1' in <sm_metrics: no trial components; calls: 1, rejected "
        "metrics: 1>",
        "- 1 metric was rejected: VALIDATION_ERROR for 'loss' (MetricIndex 0): Value is inf, "
        "which is not finite",
        "trial component 'run-1' in us-east-1 holds no metric named 'Loss'",
        "a series holds metrics: compare its .values with numbers",
        "At index 17 diff: 0.5 != 0.25",
        "- at step 0 arrived: [0.5]",
    ]:
        assert expected in lines
    ours = re.compile(r"pytest_sm_metrics[/\\].*\.py:\d+:")
    assert not any(ours.search(line) for line in lines)  # each traceback ends in the user's test


def test_request_ids_repeat_alone_reordered_and_under_xdist(run, pytester):
    alone = pytester.runpytest_inprocess(pytester.makepyfile(test_it=IDS), "-k", "[b]")
    alone.assert_outcomes(passed=1)
    run(IDS).assert_outcomes(passed=2)
    assert (
        len(
            {
                request_id
                for path in pytester.path.glob("*.ids")
                for request_id in path.read_text().split()
            }
        )
        == 4
    )


IDS = """
import os, pathlib, pytest
from trainer import log

@pytest.mark.parametrize("run", ["a", "b"])
def test_ids(sm_metrics, run):
    log(run, "loss", 0.5)
    log(run, "loss", 0.5)
    ids = " ".join(call.request_id for call in sm_metrics.calls)
    seen = pathlib.Path(f"{run}.ids")
    assert not seen.exists() or seen.read_text() == ids
    seen.write_text(ids)
"""


def test_the_fixture_is_documented(pytester):
    result = pytester.runpytest_inprocess("--fixtures", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["sm_metrics -- *", "*Amazon SageMaker Metrics, in memory*"])
