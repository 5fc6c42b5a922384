"""BatchGetMetrics in a user's project: settings and faults from markers, what a failing test shows, blocked calls."""

from __future__ import annotations

import boto3
import pytest

READER = """
from trainer import client

def query(run, name="loss", **more):
    return {
        "ResourceArn": f"arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/{run}",
        "MetricName": name,
        "MetricStat": "Last",
        "Period": "IterationNumber",
        "XAxisType": "IterationNumber",
        **more,
    }

def read(*queries):
    return [result["Status"] for result in client.batch_get_metrics(MetricQueries=list(queries))["MetricQueryResults"]]
"""


@pytest.fixture(autouse=True)
def reader(project):
    """A module `reader` beside `trainer`."""
    if "BatchGetMetrics" not in boto3.client("sagemaker-metrics", region_name="us-east-1").meta.service_model.operation_names:
        pytest.skip("the service model of this botocore has no BatchGetMetrics")
    project.makepyfile(reader=READER)


def test_settings_and_faults_of_markers(run):
    result = run(
        """
        import pytest
        from pytest_sm_metrics import fail_queries
        from reader import query, read
        from trainer import log

        pytestmark = pytest.mark.sm_metrics(query_limit=2)

        def test_the_limit(sm_metrics):
            log("run-1", "loss", 0.9, 0.5)
            log("run-2", "loss", 0.9, 0.5, 0.3)
            assert read(query("run-1"), query("run-2")) == ["Complete", "Truncated"]

        @pytest.mark.sm_metrics(faults=[fail_queries("InternalError", trial_component="run-2")])
        def test_a_template(sm_metrics):
            assert read(query("run-1"), query("run-2")) == ["Complete", "InternalError"]
        """
    )
    result.assert_outcomes(passed=2)


def test_a_fault_of_queries_that_never_fired(run):
    result = run(
        """
        from reader import query, read

        def test_misspelt(sm_metrics):
            sm_metrics.fail_queries("InternalError", trial_component="run1")
            read(query("run-1"), query("run-2", "acc"))
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "a fault never fired: fail_queries('InternalError', trial_component='run1')",
            "  - 2 queries came near; what did not match:",
            "  - trial_component was 'run-1' (1 time)",
            "  - trial_component was 'run-2' (1 time)",
            "*- SageMaker Metrics calls -*",
            "??:??:??.??? BatchGetMetrics 'run-1', 'run-2' in us-east-1: Last of loss, Last of acc -> 200, 2 Complete",
        ]
    )


def test_every_query_with_vv(project):
    project.makepyfile(
        """
        from reader import query, read

        def test_it(sm_metrics):
            read(query("run-1"), query("run-2", "acc", Start=0, End=9))
            assert False
        """
    )
    project.runpytest_inprocess("-vv").stdout.fnmatch_lines(
        [
            "* BatchGetMetrics 'run-1', 'run-2' in us-east-1: Last of loss of 'run-1' in us-east-1 by IterationNumber, "
            "Last of acc of 'run-2' in us-east-1 by IterationNumber, 0 to 9 -> 200, 2 Complete"
        ]
    )


def test_a_blocked_call_names_its_trial_components(project):
    project.makepyfile(
        """
        import pytest
        from pytest_sm_metrics import UnmockedCallError
        from reader import query, read

        def test_one():
            read(query("run-1"))

        def test_two():
            with pytest.raises(UnmockedCallError) as blocked:
                read(query("run-1"), query("run-2"), query("run-1", "acc"))
            assert (blocked.value.operation, blocked.value.trial_component) == ("BatchGetMetrics", None)
        """
    )
    result = project.runpytest_inprocess("--sm-metrics-mode=block")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E  *UnmockedCallError: BatchGetMetrics for trial component 'run-1' was called outside a mock of SageMaker Metrics, *",
            "  - BatchGetMetrics for trial components 'run-1', 'run-2' (call): 1 time",
        ]
    )
