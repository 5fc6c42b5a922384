"""Trails that a test makes through boto3, under moto."""

from __future__ import annotations

import gzip
import json
import re

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED

from ..logging_metrics import client_in, metric, put

TYPE = "AWS::SageMaker::ExperimentTrialComponent"


@pytest.fixture(autouse=True)
def sm_metrics(sm_metrics_beside_moto):
    """Return the mock beside moto, in both nesting orders."""
    return sm_metrics_beside_moto


@pytest.fixture
def s3(sm_metrics):
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="audits")
    return s3


@pytest.fixture
def cloudtrail(s3):
    return boto3.client("cloudtrail", region_name="us-east-1")


def make(cloudtrail, name="audit", **more):
    answer = cloudtrail.create_trail(Name=name, S3BucketName="audits", **more)
    cloudtrail.put_event_selectors(TrailName=name, AdvancedEventSelectors=SUGGESTED)
    cloudtrail.start_logging(Name=name)
    return answer["TrailARN"]


def contents(s3, prefix=""):
    """Return the documents in the bucket, by key."""
    listing = s3.list_objects_v2(Bucket="audits", Prefix=prefix)
    keys = [one["Key"] for one in listing.get("Contents", [])]
    bodies = {key: s3.get_object(Bucket="audits", Key=key)["Body"].read() for key in keys}
    return {key: json.loads(gzip.decompress(body)) for key, body in bodies.items()}


def log(run, region="us-east-1"):
    put(client_in(region), run, metric())


def runs(found):
    return [record["requestParameters"]["trialComponentName"] for record in found]


def test_records_reach_the_bucket(sm_metrics, cloudtrail, s3):
    make(cloudtrail, S3KeyPrefix="logs")
    log("run-1")
    [key] = sm_metrics.cloudtrail.deliver(s3)
    assert key.startswith("logs/AWSLogs/123456789012/CloudTrail/us-east-1/")
    assert contents(s3, "logs/") == {key: {"Records": sm_metrics.cloudtrail.events}}


def test_it_logs_between_start_and_stop(sm_metrics, cloudtrail, s3):
    arn = cloudtrail.create_trail(Name="audit", S3BucketName="audits")["TrailARN"]
    cloudtrail.put_event_selectors(TrailName=arn, AdvancedEventSelectors=SUGGESTED)
    log("before")
    cloudtrail.start_logging(Name=arn)
    log("run-1")
    cloudtrail.stop_logging(Name="audit")
    log("after")
    [trail] = sm_metrics.cloudtrail.trails
    assert (trail.name, trail.is_logging, runs(trail.events)) == ("audit", False, ["run-1"])


def test_without_selectors_nothing_is_delivered(sm_metrics, cloudtrail, s3):
    cloudtrail.create_trail(Name="audit", S3BucketName="audits")
    cloudtrail.start_logging(Name="audit")
    log("run-1")
    assert sm_metrics.cloudtrail.deliver(s3) == []


def test_selectors_that_are_put_again_hold_from_then_on(sm_metrics, cloudtrail):
    make(cloudtrail)
    log("run-1")
    basic = {"ReadWriteType": "All", "IncludeManagementEvents": True}
    cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[basic])
    log("run-2")
    cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=SUGGESTED)
    log("run-3")
    assert runs(sm_metrics.cloudtrail.trails[0].events) == ["run-1", "run-3"]


@pytest.mark.parametrize(
    ("more", "held"), [({}, ["here"]), ({"IsMultiRegionTrail": True}, ["here", "there"])]
)
def test_a_trail_of_one_region_holds_that_region(sm_metrics, cloudtrail, more, held):
    make(cloudtrail, **more)
    log("here")
    log("there", "eu-west-1")
    assert runs(sm_metrics.cloudtrail.trails[0].events) == held


def test_updating_and_deleting(sm_metrics, cloudtrail, s3):
    make(cloudtrail)
    s3.create_bucket(Bucket="others")
    cloudtrail.update_trail(
        Name="audit",
        S3BucketName="others",
        S3KeyPrefix="x",
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
    )
    [trail] = sm_metrics.cloudtrail.trails
    assert (trail.s3_bucket, trail.s3_prefix) == ("others", "x")
    assert (trail.only_region, trail.digests) == (None, True)
    cloudtrail.delete_trail(Name="audit")
    assert sm_metrics.cloudtrail.trails == []


def test_digests(sm_metrics, cloudtrail, s3):
    make(cloudtrail, EnableLogFileValidation=True)
    log("run-1")
    log_file, digest = sm_metrics.cloudtrail.deliver(s3)
    assert "CloudTrail-Digest" not in log_file
    assert "CloudTrail-Digest" in digest


class TestOrganizationTrails:
    @pytest.fixture
    def organization_id(self, s3):
        organizations = boto3.client("organizations", region_name="us-east-1")
        return organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]

    def test_they_deliver_under_motos_organization(
        self, sm_metrics, cloudtrail, s3, organization_id
    ):
        make(
            cloudtrail,
            IsOrganizationTrail=True,
            EnableLogFileValidation=True,
            S3KeyPrefix="logs",
        )
        log("run-1")
        log_file, digest = sm_metrics.cloudtrail.deliver(s3)
        folder = f"logs/AWSLogs/{organization_id}/123456789012"
        assert log_file.startswith(f"{folder}/CloudTrail/us-east-1/")
        assert digest.startswith(f"{folder}/CloudTrail-Digest/us-east-1/")
        found = contents(s3)
        assert [one["s3Object"] for one in found[digest]["logFiles"]] == [log_file]

    def test_a_trail_that_becomes_one_and_is_none_again(
        self, sm_metrics, cloudtrail, s3, organization_id
    ):
        make(cloudtrail)
        keys = []
        for is_one in (True, False):
            cloudtrail.update_trail(Name="audit", IsOrganizationTrail=is_one)
            cloudtrail.update_trail(Name="audit", S3KeyPrefix="logs")
            log("run-1")
            keys += sm_metrics.cloudtrail.deliver(s3)
        assert [organization_id in key for key in keys] == [True, False]

    @pytest.mark.parametrize("where", ["a folder", "a bucket"])
    def test_without_an_organization(self, sm_metrics, cloudtrail, s3, tmp_path, where):
        make(cloudtrail, IsOrganizationTrail=True)
        log("run-1")
        to = tmp_path if where == "a folder" else s3
        why = (
            "trail 'audit' is an organization trail, and the id of the organization is not known: "
            'set organization_id="o-...", or call create_organization under moto, '
            "in account 123456789012"
        )
        with pytest.raises(ValueError, match=re.escape(why)):
            sm_metrics.cloudtrail.deliver(to)
        assert (contents(s3), list(tmp_path.iterdir())) == ({}, [])
        boto3.client("organizations", "us-east-1").create_organization(FeatureSet="ALL")
        assert len(sm_metrics.cloudtrail.deliver(to)) == 1

    def test_the_setting_comes_before_moto(self, cloudtrail, s3, organization_id):
        with mock_sm_metrics(organization_id="o-exampleorg1") as inner:
            make(cloudtrail, IsOrganizationTrail=True)
            log("run-1")
            [key] = inner.cloudtrail.deliver(s3)
        assert key.startswith("AWSLogs/o-exampleorg1/123456789012/CloudTrail/us-east-1/")


def test_beside_a_trail_of_the_mocks_own(sm_metrics, cloudtrail, s3):
    make(cloudtrail)
    sm_metrics.cloudtrail.create_trail(
        "own", advanced_event_selectors=SUGGESTED, s3_bucket="audits", s3_prefix="own"
    )
    log("run-1")
    assert len(sm_metrics.cloudtrail.deliver(s3)) == 2


BASIC = {"DataResources": [{"Type": TYPE, "Values": ["arn:aws:sagemaker"]}]}
MISSPELT = {
    "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resource.type", "Equals": [TYPE]},
    ]
}
TOO_LONG = {
    "FieldSelectors": [
        *SUGGESTED[0]["FieldSelectors"],
        {"Field": "eventName", "Equals": ["x"] * 500},
    ]
}


@pytest.mark.parametrize(
    ("selectors", "why"),
    [
        ({"EventSelectors": [BASIC]}, f"not '{TYPE}': use AdvancedEventSelectors="),
        (
            {"AdvancedEventSelectors": [MISSPELT]},
            "CloudTrail does not know the field 'resource.type'; did you mean 'resources.type'?",
        ),
        (
            {"AdvancedEventSelectors": [*SUGGESTED, TOO_LONG]},
            "at most 500 values; these have 504",
        ),
        (
            {"EventSelectors": [{"ReadWriteType": "All"}], "AdvancedEventSelectors": SUGGESTED},
            "EventSelectors or AdvancedEventSelectors, not both",
        ),
    ],
)
def test_what_aws_refuses_is_refused_and_nothing_is_put(sm_metrics, cloudtrail, selectors, why):
    make(cloudtrail)
    with pytest.raises(cloudtrail.exceptions.InvalidEventSelectorsException) as refused:
        cloudtrail.put_event_selectors(TrailName="audit", **selectors)
    assert refused.value.response["Error"]["Code"] == "InvalidEventSelectorsException"
    assert why in refused.value.response["Error"]["Message"]
    assert refused.value.operation_name == "PutEventSelectors"
    assert cloudtrail.get_event_selectors(TrailName="audit")["AdvancedEventSelectors"] == SUGGESTED
    assert sm_metrics.cloudtrail.trails[0].advanced_event_selectors == SUGGESTED


S3_OBJECTS = {"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::*/*"]}]}
WITHOUT_A_CATEGORY = {"Name": "other", "FieldSelectors": [{"Field": "f", "Equals": ["x"]}]}
OF_ANOTHER_KIND = {"DataResources": [{"Type": "AWS::Other::Kind", "Values": ["arn:aws:other"]}]}
LONG = {"FieldSelectors": [{"Field": "eventName", "Equals": ["x"] * 501}]}


@pytest.mark.parametrize(
    "selectors",
    [
        {"AdvancedEventSelectors": [WITHOUT_A_CATEGORY]},
        {"EventSelectors": [S3_OBJECTS], "AdvancedEventSelectors": [WITHOUT_A_CATEGORY]},
        {"EventSelectors": [OF_ANOTHER_KIND]},
        {"AdvancedEventSelectors": [LONG]},
    ],
)
def test_selectors_of_other_services_are_motos(sm_metrics, cloudtrail, selectors):
    cloudtrail.create_trail(Name="audit", S3BucketName="audits")
    cloudtrail.put_event_selectors(TrailName="audit", **selectors)
    cloudtrail.start_logging(Name="audit")
    log("run-1")
    [trail] = sm_metrics.cloudtrail.trails
    assert trail.events == []


def test_selectors_of_other_services_beside_ours(sm_metrics, cloudtrail):
    cloudtrail.create_trail(Name="audit", S3BucketName="audits")
    cloudtrail.put_event_selectors(
        TrailName="audit", AdvancedEventSelectors=[WITHOUT_A_CATEGORY, *SUGGESTED]
    )
    cloudtrail.start_logging(Name="audit")
    log("run-1")
    assert runs(sm_metrics.cloudtrail.trails[0].events) == ["run-1"]


@pytest.mark.parametrize(
    "misspelt",
    [
        "AWS::SageMaker::TrialComponent",
        "AWS::Sagemaker::ExperimentTrialComponent",
        "AWS::SageMaker::ExperimentTrialComponet",
    ],
)
def test_a_misspelt_resource_type_beside_selectors_of_other_services(cloudtrail, misspelt):
    make(cloudtrail)
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": [misspelt]},
    ]
    with pytest.raises(ClientError, match=f"selector 1: .*did you mean '{TYPE}'"):
        cloudtrail.put_event_selectors(
            TrailName="audit",
            AdvancedEventSelectors=[WITHOUT_A_CATEGORY, {"FieldSelectors": fields}],
        )


def test_tuples_are_lists(sm_metrics, cloudtrail):
    cloudtrail.create_trail(Name="audit", S3BucketName="audits")
    fields = (
        {"Field": "eventCategory", "Equals": ("Data",)},
        {"Field": "resources.type", "Equals": (TYPE,)},
    )
    cloudtrail.put_event_selectors(
        TrailName="audit", AdvancedEventSelectors=[{"FieldSelectors": fields}]
    )
    cloudtrail.start_logging(Name="audit")
    log("run-1")
    assert runs(sm_metrics.cloudtrail.trails[0].events) == ["run-1"]


def test_a_name_that_a_trail_of_the_mocks_own_has(sm_metrics, cloudtrail):
    trail = sm_metrics.cloudtrail.create_trail("audit")
    taken = cloudtrail.exceptions.TrailAlreadyExistsException
    with pytest.raises(taken, match="Trail audit already exists"):
        make(cloudtrail)
    assert sm_metrics.cloudtrail.trails == [trail]


def test_what_changes_holds_from_then_on(sm_metrics, cloudtrail, s3):
    make(cloudtrail, EnableLogFileValidation=True)
    log("before", "eu-west-1")
    log("run-1")
    sm_metrics.cloudtrail.deliver(s3)
    cloudtrail.update_trail(
        Name="audit", IsMultiRegionTrail=True, IncludeGlobalServiceEvents=True, S3KeyPrefix="new"
    )
    [trail] = sm_metrics.cloudtrail.trails
    assert runs(trail.events) == ["run-1"]
    log("after", "eu-west-1")
    assert all(key.startswith("new/") for key in sm_metrics.cloudtrail.deliver(s3))
    cloudtrail.delete_trail(Name="audit")
    log("gone")
    assert runs(trail.events) == ["run-1", "after"]


def test_what_botocore_refuses_is_botocores(cloudtrail):
    make(cloudtrail)
    with pytest.raises(ParamValidationError):
        cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors="all")


def test_a_call_that_fails_sets_nothing_up(sm_metrics, cloudtrail):
    with pytest.raises(ClientError, match="S3BucketDoesNotExistException"):
        cloudtrail.create_trail(Name="audit", S3BucketName="nowhere")
    assert sm_metrics.cloudtrail.trails == []


def test_only_the_innermost_mock_knows_the_trail(sm_metrics, cloudtrail):
    with mock_sm_metrics() as inner:
        make(cloudtrail)
    log("run-1")
    assert (len(inner.cloudtrail.trails), sm_metrics.cloudtrail.trails) == (1, [])


def test_a_trail_that_is_made_again_goes_on_with_the_digests(sm_metrics, cloudtrail, s3):
    for run in ("run-1", "run-2"):
        make(cloudtrail, EnableLogFileValidation=True)
        log(run)
        sm_metrics.cloudtrail.deliver(s3)
        cloudtrail.delete_trail(Name="audit")
    found = contents(s3)
    digests = [content for key, content in found.items() if "Digest" in key]
    listed = sorted(log["s3Object"] for digest in digests for log in digest["logFiles"])
    assert listed == sorted(key for key in found if "Digest" not in key)


def test_trails_of_one_name_in_two_regions(sm_metrics, s3):
    clients = [
        boto3.client("cloudtrail", region_name=region) for region in ("us-east-1", "eu-west-1")
    ]
    _, there = map(make, clients)
    log("here")
    log("there", "eu-west-1")
    assert [runs(trail.events) for trail in sm_metrics.cloudtrail.trails] == [["here"], ["there"]]
    clients[1].stop_logging(Name=there)
    assert [trail.is_logging for trail in sm_metrics.cloudtrail.trails] == [True, False]
    clients[1].delete_trail(Name="audit")
    assert [trail.home_region for trail in sm_metrics.cloudtrail.trails] == ["us-east-1"]


def test_another_bucket_gets_what_the_one_before_has_not_got(sm_metrics, cloudtrail, s3):
    make(cloudtrail)
    s3.create_bucket(Bucket="others")
    log("run-1")
    sm_metrics.cloudtrail.deliver(s3)
    cloudtrail.update_trail(Name="audit", S3BucketName="others")
    assert sm_metrics.cloudtrail.deliver(s3) == []
    log("run-2")
    assert len(sm_metrics.cloudtrail.deliver(s3)) == 1


def test_a_trail_of_before_that_is_made_anew_is_known(sm_metrics, cloudtrail):
    make(cloudtrail)
    sm_metrics.reset()
    cloudtrail.stop_logging(Name="audit")
    assert list(sm_metrics.cloudtrail._trails.unknown) == [("us-east-1", "audit")]
    cloudtrail.delete_trail(Name="audit")
    make(cloudtrail)
    assert not sm_metrics.cloudtrail._trails.unknown


def test_a_trail_of_before_that_the_mock_makes_anew_is_known(sm_metrics, cloudtrail):
    make(cloudtrail)
    sm_metrics.reset()
    cloudtrail.stop_logging(Name="audit")
    sm_metrics.cloudtrail.create_trail("audit")
    assert not sm_metrics.cloudtrail._trails.unknown


def test_a_url_that_is_signed_in_advance_is_no_call(sm_metrics, cloudtrail):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    calls = {
        ("cloudtrail", "create_trail"): {"Name": "audit", "S3BucketName": "audits"},
        ("sagemaker", "describe_trial_component"): {"TrialComponentName": "audit"},
    }
    for (service, method), parameters in calls.items():
        client = boto3.client(service, region_name="us-east-1", **keys)
        url = client.generate_presigned_url(method, Params=parameters)
        assert url.startswith("https://")
    assert sm_metrics.cloudtrail.trails == []


def test_hooks_of_users_that_change_parameters(sm_metrics, cloudtrail):
    cloudtrail.meta.events.register(
        "provide-client-params.cloudtrail.CreateTrail",
        lambda params, **_: {**params, "S3KeyPrefix": "team"},
    )
    make(cloudtrail)
    assert sm_metrics.cloudtrail.trails[0].s3_prefix == "team"


def test_calls_about_unknown_trails_are_ignored(sm_metrics, cloudtrail):
    make(cloudtrail)
    sm_metrics.reset()
    cloudtrail.stop_logging(Name="audit")
    cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=SUGGESTED)
    cloudtrail.update_trail(Name="audit", S3KeyPrefix="x")
    cloudtrail.start_logging(Name="audit")
    cloudtrail.delete_trail(Name="audit")
    assert sm_metrics.cloudtrail.trails == []
