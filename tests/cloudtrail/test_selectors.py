"""Advanced event selectors: what they select, against a naive reading of the rules, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.cloudtrail.selectors import (
    SUGGESTED,
    InvalidEventSelectorsError,
    check_basic,
    selection,
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


def data(*fields):
    return [{"FieldSelectors": [CATEGORY, RESOURCE, *fields]}]


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
    management = {
        "FieldSelectors": [
            field("eventCategory", Equals=["Management"]),
            field("readOnly", Equals=["false"]),
        ]
    }
    s3 = {
        "Name": "objects",
        "FieldSelectors": [CATEGORY, field("resources.type", Equals=["AWS::S3::Object"])],
    }
    assert not selection([])(event())
    network = {
        "FieldSelectors": [
            field("eventCategory", Equals=["NetworkActivity"]),
            field("eventSource", Equals=["s3.amazonaws.com"]),
            field("errorCode", Equals=["VpceAccessDenied"]),
        ]
    }
    assert not selection([management, s3, network])(event())
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
        {"FieldSelectors": [CATEGORY, RESOURCE, field("eventName", **conditions)]}
        for conditions in several
    ]
    assert selection(selectors)(event()) is any(
        naively(conditions, "BatchPutMetrics") for conditions in several
    )


@pytest.mark.parametrize(
    ("selectors", "why"),
    [
        ("all", "AdvancedEventSelectors is 'all'; accepted is a list of selectors, as [{'Name':"),
        (data()[0], "; accepted is a list of selectors, as [{'Name':"),
        ([{"ReadWriteType": "All"}], "accepted is one with FieldSelectors, as {'Name': "),
        ([{}], "selector 0 is {}; accepted is "),
        (["x"], "selector 0 is 'x'; accepted is "),
        ([{"FieldSelectors": []}], "selector 0 is "),
        ([{"FieldSelectors": [RESOURCE]}], "selector 0: eventCategory is required, Equals one of ['Data'], ['Management'], ['NetworkActivity']; it is None"),
        ([{"FieldSelectors": [field("eventCategory", Equals=["data"]), RESOURCE]}], "; it is ['data']"),
        ([{"FieldSelectors": [CATEGORY]}], "selector 0: resources.type is required, Equals one value; it is None"),
        ([{"FieldSelectors": [CATEGORY, field("resources.type", Equals=[TYPE, "AWS::S3::Object"])]}], "Equals one value; it is ['AWS::S"),
        ([{"FieldSelectors": [CATEGORY, field("resources.type", StartsWith=["AWS"])]}], "resources.type takes the operators Equals; given is 'StartsWith'"),
        ([{"FieldSelectors": [CATEGORY, field("resources.type", Equals=["AWS::SageMaker::TrialComponent"])]}], "is none that logs data events; did you mean 'AWS::SageMaker::ExperimentTrialComponent'?"),
        ([{"FieldSelectors": [CATEGORY, field("resources.type", Equals=["s3"])]}], "resources.type 's3' is none that logs data events"),
        ([*SUGGESTED, *data(field("eventname", Equals=["x"]))], "selector 1: CloudTrail does not know the field 'eventname'; did you mean 'eventName'? The fields are: eventCategory,"),
        (data({"Equals": ["x"]}), "does not know the field None"),
        (data("x"), "does not know the field None"),
        ([{"FieldSelectors": [field("eventCategory", Equals=["Bogus"]), CATEGORY, RESOURCE]}], "selector 0 names a field twice"),
        (data(field("readOnly", Equals=["no"])), "readOnly takes Equals ['true'] or ['false']; it is ['no']"),
        (data(field("readOnly", NotEquals=["true"])), "readOnly takes the operators Equals; given is 'NotEquals'"),
        (data(field("sessionCredentialFromConsole", StartsWith=["t"])), "takes the operators Equals, NotEquals; given is 'StartsWith'"),
        (data(field("eventName")), "eventName takes the operators EndsWith, Equals, NotEndsWith, NotEquals, NotStartsWith, StartsWith; given is none"),
        (data(field("eventName", Contains=["x"])), "given is 'Contains'"),
        (data(field("eventName", Equals=[])), "eventName Equals is []; accepted is a list of strings of 1 to 2048 characters, at least one"),
        (data(field("eventName", Equals="x")), "eventName Equals is 'x'"),
        (data(field("eventName", Equals=[3])), "eventName Equals is [3]"),
        (data(field("eventName", Equals=[""])), "eventName Equals is ['']"),
        ([{"FieldSelectors": [field("eventCategory", Equals=["Management"]), RESOURCE]}], "Management events are not selected by resources.type"),
        (data(field("errorCode", Equals=["x"])), "Data events are not selected by errorCode"),
        (data(field("eventName", Equals=["x"] * 499)), "the selectors of a trail have at most 500 values; these have 501"),
    ],
)  # fmt: skip
def test_what_is_refused(selectors, why):
    with pytest.raises(InvalidEventSelectorsError) as refused:
        selection(selectors)
    assert why in str(refused.value)


def test_500_values_over_all_selectors():
    assert selection([*SUGGESTED, *data(field("eventName", Equals=["x"] * 496))])


def test_basic_selectors_know_other_types():
    check_basic([{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}, {}])
    with pytest.raises(InvalidEventSelectorsError) as refused:
        check_basic([{"DataResources": [{"Type": TYPE, "Values": ["arn:aws:sagemaker"]}]}])
    assert f"not {TYPE!r}: use AdvancedEventSelectors={SUGGESTED!r}" in str(refused.value)


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
