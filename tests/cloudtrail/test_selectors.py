"""Advanced event selectors: the events that they select, and selectors that are refused.

A naive reading of the rules decides which events are to be selected.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.cloudtrail.selectors import (
    SUGGESTED,
    InvalidEventSelectorsError,
    check_basic,
    check_selectors_of_clients,
    selection,
    selection_of_clients,
)

TYPE = "AWS::SageMaker::ExperimentTrialComponent"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/{}"
CATEGORY = {"Field": "eventCategory", "Equals": ["Data"]}
RESOURCE = {"Field": "resources.type", "Equals": [TYPE]}


def event(run="run-1", caller="arn:aws:iam::123456789012:user/tester"):
    return {
        "userIdentity": {"arn": caller} if caller.startswith("arn:") else {"invokedBy": caller},
        "eventSource": "metrics-sagemaker.amazonaws.com",
        "eventName": "BatchPutMetrics",
        "readOnly": False,
        "resources": [] if run is None else [{"ARN": ARN.format(run)}],
        "eventType": "AwsApiCall",
        "eventCategory": "Data",
    }


def selector(*fields):
    return {"FieldSelectors": list(fields)}


def data(*fields):
    return [selector(CATEGORY, RESOURCE, *fields)]


def field(name, **conditions):
    return {"Field": name, **conditions}


@pytest.mark.parametrize(
    ("more", "selected"),
    [
        ([], True),
        ([field("readOnly", Equals=["false"])], True),
        ([field("readOnly", Equals=["true"])], False),
        ([field("eventName", Equals=["BatchGetMetrics", "BatchPutMetrics"])], True),
        ([field("eventName", NotEquals=["BatchGetMetrics"])], True),
        ([field("eventName", NotEquals=["BatchGetMetrics", "BatchPutMetrics"])], False),
        ([field("eventName", StartsWith=["Batch"], NotEndsWith=["Metrics"])], False),
        ([field("resources.ARN", EndsWith=["/run-1"])], True),
        ([field("resources.ARN", Equals=["nothing"], EndsWith=["/run-1"])], True),
        ([field("resources.ARN", StartsWith=["arn:aws:sagemaker:eu-west-1"])], False),
        ([field("resources.ARN", NotStartsWith=["arn:aws:s3"])], True),
        ([field("eventSource", Equals=["metrics-sagemaker.amazonaws.com"])], True),
        ([field("eventType", NotEquals=["AwsServiceEvent"])], True),
        ([field("userIdentity.arn", EndsWith=["user/tester"])], True),
        ([field("userIdentity.arn", NotEquals=["arn:aws:iam::123456789012:user/tester"])], False),
        ([field("sessionCredentialFromConsole", Equals=["true"])], False),
        ([field("sessionCredentialFromConsole", NotEquals=["true"])], True),
        (
            [field("eventName", StartsWith=["Batch"]), field("resources.ARN", EndsWith=["/run-2"])],
            False,
        ),
    ],
)
def test_what_is_selected(more, selected):
    assert selection(data(*more))(event()) is selected


def test_selectors_are_alternatives():
    both = selection(
        [
            *data(field("resources.ARN", EndsWith=["/run-1"])),
            *data(field("resources.ARN", EndsWith=["/run-2"])),
        ]
    )
    assert [both(event(run)) for run in ("run-1", "run-2", "run-3")] == [True, True, False]


def test_an_event_without_a_resource():
    assert selection(SUGGESTED)(event(None))
    assert not selection(data(field("resources.ARN", StartsWith=["arn"])))(event(None))
    assert selection(data(field("resources.ARN", NotStartsWith=["arn"])))(event(None))


def test_a_service_has_no_arn():
    assert not selection(data(field("userIdentity.arn", StartsWith=["arn"])))(
        event(caller="sagemaker.amazonaws.com")
    )


def test_nothing_is_selected_by_none_by_management_events_and_by_other_types():
    management = selector(
        field("eventCategory", Equals=["Management"]), field("readOnly", Equals=["false"])
    )
    s3 = selector(CATEGORY, field("resources.type", Equals=["AWS::S3::Object"]))
    network = selector(
        field("eventCategory", Equals=["NetworkActivity"]),
        field("eventSource", Equals=["s3.amazonaws.com"]),
        field("errorCode", Equals=["VpceAccessDenied"]),
    )
    assert not selection([])(event())
    assert not selection([management, {"Name": "objects", **s3}, network])(event())
    assert selection([management, *SUGGESTED])(event())


OPERATORS = {
    "Equals": lambda found, value: found == value,
    "StartsWith": lambda found, value: found[: len(value)] == value,
    "EndsWith": lambda found, value: (
        found[len(found) - len(value) :] == value and len(value) <= len(found)
    ),
}
NAMES = [*OPERATORS, *(f"Not{name}" for name in OPERATORS)]
VALUES = st.lists(
    st.sampled_from(["Batch", "BatchPutMetrics", "Metrics", "s", "B", "BatchPutMetrics2"]),
    min_size=1,
    max_size=3,
)


def naively(conditions, found):
    """Return True if the rules, read naively, select an event with this name."""
    negative = all(
        not OPERATORS[name[3:]](found, value)
        for name, values in conditions.items()
        if name.startswith("Not")
        for value in values
    )
    positive = [
        OPERATORS[name](found, value)
        for name, values in conditions.items()
        if not name.startswith("Not")
        for value in values
    ]
    return negative and (not positive or any(positive))


@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1), min_size=1, max_size=3)
)
def test_operators_against_a_naive_reading(several):
    selectors = [
        selector(CATEGORY, RESOURCE, field("eventName", **conditions)) for conditions in several
    ]
    expected = any(naively(conditions, "BatchPutMetrics") for conditions in several)
    assert selection(selectors)(event()) is expected


SAGEMAKER_KINDS = (
    "Endpoint",
    "FeatureGroup",
    "Hub",
    "Job",
    "MlflowApp",
    "MlflowTrackingServer",
    "TrainingSession",
)


@pytest.mark.parametrize(
    "resource_type",
    [
        *(f"AWS::SageMaker::{kind}" for kind in SAGEMAKER_KINDS),
        "AWS::S3::Object",
        "AWS::S3Express::Object",
        "AWS::Lambda::Function",
        "AWS::DynamoDB::Table",
        "AWS::SNS::PlatformEndpoint",
        "AWS::EC2::Snapshot",
    ],
)
def test_other_resource_types_are_accepted_and_select_nothing(resource_type):
    other = of_type(Equals=[resource_type])
    assert not selection(other)(event())
    assert selection([*other, *SUGGESTED])(event())


@pytest.mark.parametrize(
    ("misspelt", "suggested"),
    [
        ("AWS::SageMaker::TrialComponent", "AWS::SageMaker::ExperimentTrialComponent"),
        ("AWS::Sagemaker::ExperimentTrialComponent", "AWS::SageMaker::ExperimentTrialComponent"),
        ("AWS::SageMakr::ExperimentTrialComponent", "AWS::SageMaker::ExperimentTrialComponent"),
        ("ExperimentTrialComponent", "AWS::SageMaker::ExperimentTrialComponent"),
        ("AWS::SageMaker::MlflowTrackingServers", "AWS::SageMaker::MlflowTrackingServer"),
        ("AWS::SageMaker::Endpoints", "AWS::SageMaker::Endpoint"),
        ("AWS::S3:Object", "AWS::S3::Object"),
    ],
)
def test_a_misspelt_resource_type_gets_a_suggestion(misspelt, suggested):
    why = f"{misspelt!r} is none that logs data events; did you mean {suggested!r}?"
    assert why in refusal_of(of_type(Equals=[misspelt]))


def of_category(name, *fields):
    return [selector(field("eventCategory", Equals=[name]), *fields)]


def of_type(**conditions):
    return [selector(CATEGORY, field("resources.type", **conditions))]


@pytest.mark.parametrize(
    ("selectors", "why"),
    [
        ("all", "AdvancedEventSelectors is 'all'; accepted is a list of selectors, as [{'Name':"),
        (data()[0], "; accepted is a list of selectors, as [{'Name':"),
        ([{"ReadWriteType": "All"}], "accepted is one with FieldSelectors, as {'Name': "),
        ([{}], "selector 0 is {}; accepted is "),
        (["x"], "selector 0 is 'x'; accepted is "),
        ([selector()], "selector 0 is "),
    ],
)
def test_other_forms_are_refused(selectors, why):
    assert why in refusal_of(selectors)


@pytest.mark.parametrize(
    ("selectors", "why"),
    [
        (
            [selector(RESOURCE)],
            "selector 0: eventCategory is required, "
            "Equals one of ['Data'], ['Management'], ['NetworkActivity']; it is None",
        ),
        (of_category("data", RESOURCE), "; it is ['data']"),
        (
            [selector(field("eventCategory", Equals=["Data", "Management"]), RESOURCE)],
            "; it is ['Data', 'Management']",
        ),
        (
            [selector(CATEGORY)],
            "selector 0: resources.type is required, Equals one value; it is None",
        ),
        (of_type(Equals=[TYPE, "AWS::S3::Object"]), "Equals one value; it is ['AWS::S"),
        (
            of_type(StartsWith=["AWS"]),
            "resources.type takes the operators Equals; given is 'StartsWith'",
        ),
        (
            of_type(Equals=["AWS::SageMaker::TrialComponent"]),
            "is none that logs data events; "
            "did you mean 'AWS::SageMaker::ExperimentTrialComponent'?",
        ),
        (of_type(Equals=["s3"]), "resources.type 's3' is none that logs data events"),
        (
            of_category("Management", RESOURCE),
            "Management events are not selected by resources.type",
        ),
        (of_category("Bogus", CATEGORY, RESOURCE), "selector 0 names a field twice"),
    ],
)
def test_categories_and_types_are_refused(selectors, why):
    assert why in refusal_of(selectors)


@pytest.mark.parametrize(
    ("added", "why"),
    [
        ({"Equals": ["x"]}, "does not know the field None"),
        ("x", "does not know the field None"),
        (
            field("readOnly", Equals=["no"]),
            "readOnly takes Equals ['true'] or ['false']; it is ['no']",
        ),
        (
            field("readOnly", NotEquals=["true"]),
            "readOnly takes the operators Equals; given is 'NotEquals'",
        ),
        (
            field("sessionCredentialFromConsole", StartsWith=["t"]),
            "takes the operators Equals, NotEquals; given is 'StartsWith'",
        ),
        (
            field("eventName"),
            "eventName takes the operators EndsWith, Equals, NotEndsWith, NotEquals, "
            "NotStartsWith, StartsWith; given is none",
        ),
        (field("eventName", Contains=["x"]), "given is 'Contains'"),
        (
            field("eventName", Equals=[]),
            "eventName Equals is []; "
            "accepted is a list of strings of 1 to 2048 characters, at least one",
        ),
        (field("eventName", Equals="x"), "eventName Equals is 'x'"),
        (field("eventName", Equals=[3]), "eventName Equals is [3]"),
        (field("eventName", Equals=[""]), "eventName Equals is ['']"),
        (field("errorCode", Equals=["x"]), "Data events are not selected by errorCode"),
        (
            field("eventName", Equals=["x"] * 499),
            "the selectors of a trail have at most 500 values; these have 501",
        ),
    ],
)
def test_fields_are_refused(added, why):
    assert why in refusal_of(data(added))


def test_the_longest_value():
    assert selection(data(field("eventName", Equals=["x" * 2048])))
    assert "1 to 2048 characters" in refusal_of(data(field("eventName", Equals=["x" * 2049])))


def test_a_field_that_is_misspelt():
    why = (
        "selector 1: CloudTrail does not know the field 'eventname'; did you mean 'eventName'? "
        "The fields are: eventCategory,"
    )
    assert why in refusal_of([*SUGGESTED, *data(field("eventname", Equals=["x"]))])


def refusal_of(selectors):
    with pytest.raises(InvalidEventSelectorsError) as refused:
        selection(selectors)
    return str(refused.value)


def test_500_values_over_all_selectors():
    assert selection([*SUGGESTED, *data(field("eventName", Equals=["x"] * 496))])


def test_basic_selectors_know_other_types():
    check_basic([{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}, {}])
    with pytest.raises(InvalidEventSelectorsError) as refused:
        check_basic([{"DataResources": [{"Type": TYPE, "Values": ["arn:aws:sagemaker"]}]}])
    assert f"not {TYPE!r}: use AdvancedEventSelectors={SUGGESTED!r}" in str(refused.value)


class TestSelectorsOfClients:
    """Only those that name our resource type are ours to check, also if it is misspelt."""

    @pytest.mark.parametrize("resource_type", ["AWS::S3::Object", "AWS::SageMaker::Hub", "s3", 3])
    def test_another_type_is_left_to_the_tool_that_answers(self, resource_type):
        odd = selector(CATEGORY, field("resources.type", Equals=[resource_type]), field("odd"))
        assert not selection_of_clients([odd])(event())
        assert selection_of_clients([odd, *SUGGESTED])(event())
        check_selectors_of_clients([odd], [{"DataResources": [{"Type": "AWS::S3::Object"}]}])
        check_selectors_of_clients([], [{"DataResources": [{"Type": resource_type}]}])

    @pytest.mark.parametrize(
        "misspelt",
        [
            "AWS::SageMaker::TrialComponent",
            "trial_component",
            "AWS::SageMaker::ExperimentTrialComponnt",
            "AWS-SageMaker-ExperimentTrialComponent",
        ],
    )
    def test_our_type_is_refused_if_it_is_misspelt(self, misspelt):
        with pytest.raises(InvalidEventSelectorsError, match="is none that logs data events"):
            check_selectors_of_clients(of_type(Equals=[misspelt]), [])
        with pytest.raises(InvalidEventSelectorsError, match="basic event selectors know"):
            check_selectors_of_clients([], [{"DataResources": [{"Type": misspelt}]}])

    def test_ours_do_not_stand_beside_basic_ones(self):
        with pytest.raises(InvalidEventSelectorsError, match="not both"):
            check_selectors_of_clients(SUGGESTED, [{"ReadWriteType": "All"}])


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["FieldSelectors", "Field", "Equals"]), inner)
        ),
    )
)
def test_nothing_but_a_refusal(selectors):
    with contextlib.suppress(InvalidEventSelectorsError):
        selection(selectors)
