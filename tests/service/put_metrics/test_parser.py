from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.service.parsing import RefusedRequestError
from pytest_sm_metrics.service.put_metrics.parser import (
    _parse_fast,
    _parse_with_errors,
    parse_put_metrics,
)
from pytest_sm_metrics.service.put_metrics.request import PutMetrics

from ...requests import EPOCH_SECONDS, body, item


def refusal(content):
    with pytest.raises(RefusedRequestError) as refused:
        parse_put_metrics(content)
    return refused.value.code, refused.value.message


def test_a_request_becomes_columns():
    parsed = parse_put_metrics(
        body(item("loss", 0.5, 1), item("acc", 1, ..., EPOCH_SECONDS + 0.25))
    )
    assert parsed == PutMetrics(
        "run-1", ("loss", "acc"), [EPOCH_SECONDS, EPOCH_SECONDS + 0.25], (1, None), [0.5, 1.0]
    )
    assert [type(value) for value in parsed.values] == [float, float]


def test_a_timestamp_may_be_a_string_of_digits():
    assert parse_put_metrics(body(item(timestamp="1788264000"))).timestamps == [1788264000.0]


@pytest.mark.parametrize(("spelling", "value"), [("Infinity", math.inf), ("-Infinity", -math.inf)])
def test_infinities_are_strings(spelling, value):
    assert parse_put_metrics(body(item(value=spelling))).values == [value]


def test_nan_is_a_string():
    assert math.isnan(parse_put_metrics(body(item(value="NaN"))).values[0])


@pytest.mark.parametrize("sign", [1, -1])
def test_an_integer_too_large_for_a_double_is_an_infinity(sign):
    assert parse_put_metrics(body(item(value=sign * 10**400))).values == [sign * math.inf]


def test_null_is_absent_and_unknown_members_are_ignored():
    parsed = parse_put_metrics(body(item(step=None, Colour="green")))
    assert parsed.steps == (None,)


def test_white_space_around_the_body_is_json():
    assert parse_put_metrics(b" \n" + body(item()) + b"\n ").names == ("loss",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b'"x"',
        b"\xff\xfe",
        b"{}{}",
        b'{"TrialComponentName": NaN}',
        b"\x00",
        "{}".encode("utf-16"),
        b'\xef\xbb\xbf{"TrialComponentName": "a"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 5_000,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_a_body_that_is_no_json_object(content):
    code, _ = refusal(content)
    assert code == "SerializationException"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (body(item(), run=3), "trialComponentName"),
        (b'{"TrialComponentName": "a", "MetricData": {}}', "metricData"),
        (body("loss"), "metricData.1.member"),
        (body(item(), item(name=1)), "metricData.2.member.metricName"),
        (body(item(timestamp="2026-09-01")), "metricData.1.member.timestamp"),
        (body(item(timestamp="")), "metricData.1.member.timestamp"),
        (body(item(timestamp="-5")), "metricData.1.member.timestamp"),
        (body(item(timestamp="١٢")), "metricData.1.member.timestamp"),
        (body(item(timestamp=1e15)), "metricData.1.member.timestamp"),
        (body(item(timestamp="9" * 30)), "metricData.1.member.timestamp"),
        (body(item(timestamp=10**400)), "metricData.1.member.timestamp"),
        (body(item(timestamp=True)), "metricData.1.member.timestamp"),
        (body(item(step=1.5)), "metricData.1.member.step"),
        (body(item(step="1")), "metricData.1.member.step"),
        (body(item(step=True)), "metricData.1.member.step"),
        (body(item(value=True)), "metricData.1.member.value"),
        (body(item(value="0.5")), "metricData.1.member.value"),
        (body(item(value="nan")), "metricData.1.member.value"),
        (body(item(value=[])), "metricData.1.member.value"),
    ],
)
def test_a_member_of_the_wrong_type(content, path):
    code, message = refusal(content)
    assert code == "SerializationException"
    assert f"at '{path}' cannot be read" in message


@pytest.mark.parametrize(
    ("within", "outside"),
    [(-62_135_596_800, -62_135_596_801), (253_402_300_799, 253_402_300_800)],
    ids=["the first second of the year 1", "the last second of the year 9999"],
)
def test_the_calendar_ends(within, outside):
    assert parse_put_metrics(body(item(timestamp=within))).timestamps == [float(within)]
    code, message = refusal(body(item(timestamp=outside)))
    assert code == "SerializationException"
    assert "Member must be a second of the years 1 to 9999" in message


MUST = "failed to satisfy constraint: Member must"
PATTERN = "^[a-z0-9](-*[a-z0-9]){0,119}"


@pytest.mark.parametrize(
    ("content", "violation"),
    [
        (
            body(item(), run="Run-1"),
            "Value 'Run-1' at 'trialComponentName' "
            f"{MUST} satisfy regular expression pattern: {PATTERN}",
        ),
        (
            b'{"MetricData": [%s]}' % json.dumps(item()).encode(),
            f"Value null at 'trialComponentName' {MUST} not be null",
        ),
        (
            b'{"TrialComponentName": "a"}',
            f"Value null at 'metricData' {MUST} not be null",
        ),
        (
            body(),
            f"Value '[]' at 'metricData' {MUST} have length greater than or equal to 1",
        ),
        (
            body(item(), item(value=...)),
            f"Value null at 'metricData.2.member.value' {MUST} not be null",
        ),
        (
            body(item(step=-1)),
            "Value '-1' at 'metricData.1.member.step' "
            f"{MUST} have value greater than or equal to 0",
        ),
        (
            body(item(step=2**31)),
            "Value '2147483648' at 'metricData.1.member.step' "
            f"{MUST} have value less than or equal to 2147483647",
        ),
        (
            body(item(name="a\nb")),
            "Value 'a\\nb' at 'metricData.1.member.metricName' "
            f"{MUST} satisfy regular expression pattern: .+",
        ),
    ],
)
def test_one_violation(content, violation):
    assert refusal(content) == ("ValidationException", f"1 validation error detected: {violation}")


def test_several_violations_are_counted_and_listed():
    code, message = refusal(body(item(), item(step=-1), item(step=..., value=...), run=""))
    assert code == "ValidationException"
    assert message == (
        "4 validation errors detected: "
        f"Value '' at 'trialComponentName' {MUST} have length greater than or equal to 1; "
        f"Value '' at 'trialComponentName' {MUST} satisfy regular expression pattern: {PATTERN}; "
        f"Value '-1' at 'metricData.2.member.step' {MUST} have value greater than or equal to 0; "
        f"Value null at 'metricData.3.member.value' {MUST} not be null"
    )


def test_types_are_judged_before_constraints():
    assert refusal(body(item(value=True), run="Run-1"))[0] == "SerializationException"


def test_eleven_metrics_are_too_many():
    assert "Member must have length less than or equal to 10" in refusal(body(*[item()] * 11))[1]
    assert len(parse_put_metrics(body(*[item()] * 10)).names) == 10


def test_a_long_value_is_cut_in_the_message():
    assert len(refusal(body(item(name="x" * 100_000)))[1]) < 500


def test_a_null_item_has_no_members():
    assert (
        "3 validation errors detected"
        in refusal(b'{"TrialComponentName": "a", "MetricData": [null]}')[1]
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)
MEMBER = JSON | st.sampled_from(
    ["NaN", "Infinity", "1788264000", "loss", 0, 1, -1, 2**31, 1e308, 0.5]
)
ITEM = (
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("MetricName", "Timestamp", "Step", "Value", "Other"), MEMBER)
    )
    | JSON
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "TrialComponentName": JSON | st.just("run-1"),
        "MetricData": st.lists(ITEM, max_size=12) | JSON,
    },
)


@given(st.binary() | BODY.map(lambda document: json.dumps(document).encode()))
def test_whatever_bytes_arrive_are_read_or_refused(content):
    try:
        parsed = parse_put_metrics(content)
    except RefusedRequestError as refused:
        assert refused.code in {"SerializationException", "ValidationException"}
        json.dumps(refused.message)
    else:
        columns = parsed.names, parsed.timestamps, parsed.steps, parsed.values
        [length] = set(map(len, columns))
        assert 1 <= length <= 10


WELL_FORMED = st.lists(
    st.builds(
        item,
        name=st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\n"),
            min_size=1,
            max_size=20,
        ),
        value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60),
        step=st.integers(0, 2**31 - 1) | st.just(...),
        timestamp=st.integers(0, 2**33) | st.floats(0, 2**33),
    ),
    min_size=1,
    max_size=10,
)


@given(WELL_FORMED)
def test_a_well_formed_request_is_read_as_it_was_written(items):
    parsed = parse_put_metrics(body(*items))
    assert list(parsed.names) == [one["MetricName"] for one in items]
    assert list(parsed.steps) == [one.get("Step") for one in items]
    assert parsed.values == [float(one["Value"]) for one in items]
    assert parsed.timestamps == [float(one["Timestamp"]) for one in items]


@given(BODY | WELL_FORMED.map(lambda items: json.loads(body(*items))))
def test_both_parsers_read_the_same(document):
    fast = _parse_fast(document)
    if fast is not None:
        slow = _parse_with_errors(document)
        assert [list(column) for column in fast] == [list(column) for column in slow]


def test_only_a_request_without_errors_and_absent_members_is_read_fast():
    whole = [item(), item(value="Infinity", step=1)]
    assert _parse_fast(json.loads(body(*whole))) == parse_put_metrics(body(*whole))
    for other in (item(step=...), item(step=-1), item(timestamp=1e15), item(value="0.5")):
        assert _parse_fast(json.loads(body(*whole, other))) is None
    assert _parse_fast(json.loads(body(*whole, run="Run-1"))) is None
    assert _parse_fast(json.loads(body(*[item()] * 11))) is None
