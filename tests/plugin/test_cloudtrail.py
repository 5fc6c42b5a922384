"""CloudTrail in a user's project."""

from __future__ import annotations

import gzip
import json

import pytest


def test_the_fixture_and_a_markers_caller(run):
    result = run(
        """
        import pytest
        from trainer import log

        @pytest.mark.sm_metrics(caller_arn="sagemaker.amazonaws.com")
        def test_it(sm_metrics_cloudtrail, sm_metrics):
            log("run-1", "loss", 0.9)
            assert sm_metrics_cloudtrail is sm_metrics.cloudtrail
            sm_metrics_cloudtrail.assert_event("run-1", metric_name="loss", step=0, value=0.9)
            sm_metrics_cloudtrail.assert_event("run-1", user_identity="sagemaker.amazonaws.com")

        def test_it_fails(sm_metrics_cloudtrail):
            log("run-1", "loss", 0.9)
            sm_metrics_cloudtrail.assert_event("run-1", step=1)
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            '>       sm_metrics_cloudtrail.assert_event("run-1", step=1)',
            "E       AssertionError: no CloudTrail event is as expected: trial_component='run-1', "
            "step=1",
            "E         - the nearest of 1 event, *Z eventID *: step: expected 1, found 0",
        ]
    )


@pytest.mark.usefixtures("with_hypothesis")
def test_under_hypothesis_each_example_has_its_own(project):
    project.makepyfile(
        """
        from hypothesis import Phase, given, settings, strategies as st
        from trainer import log

        @settings(max_examples=5, phases=[Phase.generate])
        @given(x=st.integers())
        def test_the_fixture(sm_metrics_cloudtrail, x):
            log("run-1", "loss", 0.9)
            assert len(sm_metrics_cloudtrail.events) == 1

        @settings(max_examples=5, phases=[Phase.generate])
        @given(x=st.integers())
        def test_both(sm_metrics, sm_metrics_cloudtrail, x):
            assert sm_metrics_cloudtrail.trails == []
            sm_metrics_cloudtrail.create_trail("audit")
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=2)


def test_what_on_event_raises_fails_the_test(project):
    project.makepyfile(
        """
        from trainer import log

        SELECTORS = [{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::SageMaker::ExperimentTrialComponent"]},
        ]}]

        def test_it(sm_metrics):
            sm_metrics.cloudtrail.create_trail(
                "audit", advanced_event_selectors=SELECTORS, on_event=lambda event: event["nothing"]
            )
            log("run-1", "loss", 0.9)
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "on_event of trail 'audit' raised KeyError: 'nothing' in */test_what_on_event*.py:10",
            "the test itself passed",
        ]
    )


def test_the_report_says_what_trails_hold_and_why_not_more(project):
    pytest.importorskip("moto")
    project.makepyfile(
        """
        import boto3, pytest
        from moto import mock_aws
        from trainer import log

        def selectors(name="BatchPutMetrics"):
            return [{"FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::SageMaker::ExperimentTrialComponent"]},
                {"Field": "eventName", "Equals": [name]},
            ]}]

        @pytest.fixture(scope="module")
        def moto():
            with mock_aws():
                boto3.client("s3", "us-east-1").create_bucket(Bucket="audits")
                cloudtrail = boto3.client("cloudtrail", "us-east-1")
                cloudtrail.create_trail(Name="early", S3BucketName="audits")
                yield

        def test_it(moto, sm_metrics):
            cloudtrail = boto3.client("cloudtrail", "eu-west-1")
            cloudtrail.create_trail(Name="one-region", S3BucketName="audits")
            cloudtrail.put_event_selectors(
                TrailName="one-region", AdvancedEventSelectors=selectors()
            )
            cloudtrail.start_logging(Name="one-region")
            cloudtrail.create_trail(Name="not-started", S3BucketName="audits")
            boto3.client("cloudtrail", "us-east-1").start_logging(Name="early")
            create_trail = sm_metrics.cloudtrail.create_trail
            create_trail("without")
            create_trail("late", advanced_event_selectors=selectors()).stop_logging()
            create_trail("other", advanced_event_selectors=selectors("BatchGetMetrics"))
            create_trail(
                "good", advanced_event_selectors=selectors(), on_event=lambda event: 1 / 0
            )
            log("run-1", "loss", 0.9)
            log("run-1", "loss", 0.9)
            assert False
        """
    )
    project.runpytest_inprocess().stdout.fnmatch_lines(
        [
            "trail 'one-region' (eu-west-1 only) holds 0 of 2 events: those that came while it "
            "was logging are of us-east-1",
            "trail 'not-started' (eu-west-1 only) holds 0 of 2 events: it was never started",
            "trail 'without' (all regions) holds 0 of 2 events: it has no advanced event "
            "selectors, and data events are off until *",
            "trail 'late' (all regions) holds 0 of 2 events: none came while it was logging",
            "trail 'other' (all regions) holds 0 of 2 events: its selectors select none of those "
            "that came while it was logging",
            "trail 'good' (all regions) holds 2 of 2 events",
            "the mock does not know trail 'early' of us-east-1, which a client named: the trail is "
            "older than the mock",
            "on_event of trail 'good' raised ZeroDivisionError: division by zero in "
            "*/test_the_report_says*.py:34",
        ]
    )


@pytest.mark.parametrize(
    "options", [[], ["-p", "xdist", "-n", "2"]], ids=["in one process", "under xdist"]
)
def test_no_two_tests_ids_collide_in_one_place(project, options):
    project.makepyfile(
        """
        import pathlib, pytest
        from trainer import log

        SELECTORS = [{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::SageMaker::ExperimentTrialComponent"]},
        ]}]

        @pytest.mark.parametrize("number", range(6))
        def test_it(sm_metrics, number):
            trail = sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=SELECTORS)
            log("run-1", "loss", number)
            log("run-1", "loss", number)
            trail.deliver(pathlib.Path(__file__).parent / "bucket")
        """
    )
    project.runpytest_subprocess(*options).assert_outcomes(passed=6)
    files = list(project.path.joinpath("bucket").rglob("*.gz"))
    records = [
        record
        for path in files
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]
    ]
    assert len(files) == 6
    assert len({record["eventID"] for record in records}) == 12
    assert len({record["requestID"] for record in records}) == 12
