"""BatchGetMetrics in a user's project: markers, the report of a failing test, blocked calls."""

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
    answer = client.batch_get_metrics(MetricQueries=list(queries))
    return [result["Status"] for result in answer["MetricQueryResults"]]
"""


@pytest.fixture(autouse=True)
def reader(project):
    """Add a module `reader` beside `trainer`."""
    client = boto3.client("sagemaker-metrics", region_name="us-east-1")
    if not hasattr(client, "batch_get_metrics"):
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
            "??:??:??.??? BatchGetMetrics 'run-1', 'run-2' in us-east-1: Last of loss, Last of "
            "acc -> 200, 2 Complete",
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
            "* BatchGetMetrics 'run-1', 'run-2' in us-east-1: Last of 'loss' of 'run-1' in "
            "us-east-1 by IterationNumber, "
            "Last of 'acc' of 'run-2' in us-east-1 by IterationNumber, 0 to 9 -> 200, 2 Complete"
        ]
    )


ARN = "arn:aws:sagemaker:us-east-1:{}:{}/run-1"
OTHER_ACCOUNT = ARN.format(999999999999, "experiment-trial-component")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (
            'query("run-1", "los")',
            [
                "trial component 'run-1' in us-east-1 holds no metric named 'los'",
                "  - closest: 'loss'",
            ],
        ),
        (
            'query("run1")',
            ["trial component 'run1' holds no metrics in region us-east-1", "  - closest: 'run-1'"],
        ),
        (
            f'query("run-1", ResourceArn="{ARN.format(123456789012, "training-job")}")',
            ["the ResourceArn is not that of a trial component, *"],
        ),
        (
            f'query("run-1", ResourceArn="{OTHER_ACCOUNT}")',
            [
                "the ResourceArn is arn:*:999999999999:*, that of the trial component here would "
                "be arn:*:123456789012:*"
            ],
        ),
        ('query("run-1", Start=5)', ["2 metrics of that name, all outside of Start and End"]),
        (
            'query("run-1", Period="OneHour", XAxisType="Timestamp", End=99)',
            ["2 metrics of that name, all outside of Start and End, which are milliseconds, *"],
        ),
        ('query("run-1", "pure")', ["1 metric of that name, none with a Step"]),
    ],
)
def test_why_a_query_finds_nothing(project, query, why):
    project.makepyfile(
        f"""
        from reader import query, read
        from trainer import client, log

        def test_it(sm_metrics):
            log("run-1", "loss", 0.9, 0.5)
            without_step = {{"MetricName": "pure", "Timestamp": 1788264000, "Value": 1.0}}
            client.batch_put_metrics(TrialComponentName="run-1", MetricData=[without_step])
            read({query})
            assert False
        """
    )
    first, *others = why
    project.runpytest_inprocess().stdout.fnmatch_lines(
        [
            f"    Last of '*' of * by *: Complete, no values; {first}",
            *("    " + line for line in others),
        ]
    )


def test_what_failed_and_why(project):
    project.makepyfile(
        """
        from reader import query, read
        from trainer import log

        def test_it(sm_metrics):
            sm_metrics.fail_queries("InternalError", metric_name="acc")
            sm_metrics.fail_metrics("CONFLICT_ERROR", step=1)
            log("run-1", "loss", 0.9, 0.5, float("inf"))
            others = [query(f"run-{number}") for number in range(2, 20)]
            read(query("run-1"), query("run-1", "acc"), query("run-1", Start=1, End=0), *others)
            assert False
        """
    )
    project.runpytest_inprocess().stdout.fnmatch_lines(
        [
            "* BatchPutMetrics 'run-1' in us-east-1: loss (3) -> 200, 2 in Errors",
            "    fail_metrics('CONFLICT_ERROR', step=1)",
            "    VALIDATION_ERROR for 'loss' (MetricIndex 2): Value is inf, which is not finite",
            "* BatchGetMetrics 'run-1', 'run-2', 'run-3', 'run-4', 'run-5', ... (19) in "
            "us-east-1: * -> 200, 19 Complete, 1 InternalError, *",
            "    fail_queries('InternalError', metric_name='acc')",
            "    Last of 'acc' of 'run-1' in us-east-1 by IterationNumber: InternalError, "
            "Internal server error. Please try again later.",
            "    Last of 'loss' of 'run-1' in us-east-1 by IterationNumber, 1 to 0: "
            "ValidationError, Start 1 is after End 0.",
            "    Last of 'loss' of 'run-2' *: Complete, no values; *",
            "    and 17 more; -vv shows them",
        ]
    )


def test_calls_after_a_reset_are_shown(project):
    project.makepyfile(
        """
        import pytest
        from trainer import log

        @pytest.fixture
        def clean(sm_metrics_session):
            sm_metrics_session.reset()

        def test_first(clean):
            log("run-1", "loss", 0.9)
            log("run-1", "loss", 0.9)

        def test_second(clean):
            log("run-2", "loss", 0.9)
            assert False
        """
    )
    project.runpytest_inprocess().stdout.fnmatch_lines(
        ["*- SageMaker Metrics calls -*", "* BatchPutMetrics 'run-2' *"]
    )


def test_calls_before_the_test_are_not_shown(project):
    project.makepyfile(
        """
        from trainer import log

        def test_first(sm_metrics_module):
            log("run-1", "loss", 0.9)

        def test_second(sm_metrics):
            assert False

        def test_third(sm_metrics_module):
            log("run-3", "loss", 0.9)
            assert False
        """
    )
    result = project.runpytest_inprocess()
    result.stdout.fnmatch_lines(
        [
            "*_ test_third _*",
            "*- SageMaker Metrics calls -*",
            "1 call before this test",
            "* BatchPutMetrics 'run-3' *",
        ]
    )
    assert str(result.stdout).count("SageMaker Metrics calls") == 1
    result.stdout.no_fnmatch_line("*run-1*-> 200*")


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
            assert blocked.value.operation == "BatchGetMetrics"
            assert blocked.value.trial_component is None
        """
    )
    result = project.runpytest_inprocess("--sm-metrics-mode=block")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E  *UnmockedCallError: BatchGetMetrics for trial component 'run-1' was called "
            "outside a mock of SageMaker Metrics, *",
            "  - BatchGetMetrics for trial components 'run-1', 'run-2' (call): 1 time",
        ]
    )
