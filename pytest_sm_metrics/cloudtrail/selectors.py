"""Advanced event selectors: what is accepted, and which events they select.

Sources: AWS CloudTrail API Reference, AdvancedEventSelector and AdvancedFieldSelector (documented).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..wording import did_you_mean
from .records import RESOURCE_TYPE

Event = Mapping[str, Any]
Selection = Callable[[Event], bool]

_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}
_OPERATORS = {name for positive in _POSITIVE for name in (positive, f"Not{positive}")}
_ALL = tuple(sorted(_OPERATORS))
_EQUALS = ("Equals",)

_FIELDS: dict[str, tuple[Sequence[str], Callable[[Event], Sequence[str]]]] = {
    "eventCategory": (_EQUALS, lambda event: [event["eventCategory"]]),
    "resources.type": (_EQUALS, lambda _: [RESOURCE_TYPE]),
    "readOnly": (_EQUALS, lambda event: ["true" if event["readOnly"] else "false"]),
    "eventName": (_ALL, lambda event: [event["eventName"]]),
    "resources.ARN": (_ALL, lambda event: [resource["ARN"] for resource in event["resources"]]),
    "eventSource": (_ALL, lambda event: [event["eventSource"]]),
    "eventType": (_ALL, lambda event: [event["eventType"]]),
    "userIdentity.arn": (
        _ALL,
        lambda event: [event["userIdentity"]["arn"]] if "arn" in event["userIdentity"] else [],
    ),
    "sessionCredentialFromConsole": (("Equals", "NotEquals"), lambda _: []),
}
"""Of data events, by field: the operators that it takes, and what an event has there."""

_ELSEWHERE: dict[str, Sequence[str]] = {"errorCode": _ALL, "vpcEndpointId": _ALL}
"""Fields of other events alone."""
_OF_CATEGORY = {
    "Data": set(_FIELDS),
    "Management": {
        "eventCategory", "eventSource", "readOnly", "eventName", "eventType", "sessionCredentialFromConsole", "userIdentity.arn",
    },
    "NetworkActivity": {"eventCategory", "eventSource", "eventName", "errorCode", "vpcEndpointId"},
}  # fmt: skip
"""The fields of the events that a trail may hold."""
_OF_SAGEMAKER = (
    "AWS::SageMaker::Endpoint",
    RESOURCE_TYPE,
    "AWS::SageMaker::FeatureGroup",
    "AWS::SageMaker::MLflow",
)
_VALUES = 500  # over all selectors of a trail
_LENGTH = 2048  # of a value
_NAME_LENGTH = 1000

SUGGESTED = [
    {
        "Name": "SageMaker training metrics",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": [RESOURCE_TYPE]},
        ],
    }
]
"""Selectors of every data event of SageMaker Metrics."""


class InvalidEventSelectorsError(Exception):
    """What AWS answers with InvalidEventSelectorsException."""


def selection(selectors: Any) -> Selection:
    """Whether advanced event selectors select an event; InvalidEventSelectorsError, saying why, for what AWS would not accept."""
    if not isinstance(selectors, (list, tuple)):
        raise InvalidEventSelectorsError(
            f"AdvancedEventSelectors is {selectors!r}; accepted is a list of selectors, as {SUGGESTED!r}"
        )
    chosen = [_selector(f"selector {index}", selector) for index, selector in enumerate(selectors)]
    count = sum(
        len(values)
        for selector in selectors
        for field in selector["FieldSelectors"]
        for values in _conditions(field).values()
    )
    if count > _VALUES:
        raise InvalidEventSelectorsError(
            f"the selectors of a trail have at most {_VALUES} values; these have {count}"
        )
    return lambda event: any(selects(event) for selects in chosen)


def check_basic(selectors: Sequence[Mapping[str, Any]]) -> None:
    """InvalidEventSelectorsError for a basic event selector of SageMaker Metrics: there are advanced ones only."""
    known = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
    given = [selector.get("DataResources") for selector in selectors]
    resources = [
        resource for listed in given if isinstance(listed, (list, tuple)) for resource in listed
    ]
    for resource_type in (
        resource.get("Type") for resource in resources if isinstance(resource, Mapping)
    ):
        if resource_type not in known:
            raise InvalidEventSelectorsError(
                f"basic event selectors know the DataResource types {', '.join(known)}, and not {resource_type!r}: "
                f"use AdvancedEventSelectors={SUGGESTED!r}"
            )


def _selector(which: str, selector: Any) -> Selection:
    check_basic([selector] if isinstance(selector, Mapping) else [])
    fields = selector.get("FieldSelectors") if isinstance(selector, Mapping) else None
    if (
        not isinstance(fields, (list, tuple))
        or not fields
        or selector.keys() - {"Name", "FieldSelectors"}
        or not _is_name(selector)
    ):
        raise InvalidEventSelectorsError(
            f"{which} is {selector!r}; accepted is one with FieldSelectors, as {SUGGESTED[0]!r}"
        )
    tests = [_test(which, field) for field in fields]
    equals = {
        field["Field"]: list(field["Equals"]) if "Equals" in field else None for field in fields
    }
    if len(equals) < len(fields):
        raise InvalidEventSelectorsError(
            f"{which} names a field twice; the operators of a field stand together"
        )
    category = equals.get("eventCategory")
    if category not in [[name] for name in _OF_CATEGORY]:
        accepted = ", ".join(repr([name]) for name in _OF_CATEGORY)
        raise InvalidEventSelectorsError(
            f"{which}: eventCategory is required, Equals one of {accepted}; it is {category!r}"
        )
    unknown = equals.keys() - _OF_CATEGORY[category[0]]
    if unknown:
        raise InvalidEventSelectorsError(
            f"{which}: {category[0]} events are not selected by {', '.join(sorted(unknown))}"
        )
    if "readOnly" in equals and equals["readOnly"] not in (["true"], ["false"]):
        raise InvalidEventSelectorsError(
            f"{which}: readOnly takes Equals ['true'] or ['false']; it is {equals['readOnly']!r}"
        )
    if category != ["Data"]:
        return lambda _: False
    types = equals.get("resources.type")
    if types is None or len(types) != 1:
        raise InvalidEventSelectorsError(
            f"{which}: resources.type is required, Equals one value; it is {types!r}"
        )
    _check_type(which, types[0])
    return lambda event: all(test(event) for test in tests)


def _is_name(selector: Mapping[str, Any]) -> bool:
    name = selector.get("Name", "")
    return isinstance(name, str) and len(name) <= _NAME_LENGTH


def _check_type(which: str, resource_type: str) -> None:
    is_sagemakers = resource_type.lower().startswith("aws::sagemaker")
    if not re.fullmatch(r"AWS::\w+::\w+", resource_type) or (
        is_sagemakers and resource_type not in _OF_SAGEMAKER
    ):
        near = did_you_mean(resource_type, _OF_SAGEMAKER)
        raise InvalidEventSelectorsError(
            f"{which}: resources.type {resource_type!r} is none that logs data events{near}"
        )


def _test(which: str, field: Any) -> Selection:
    name = field.get("Field") if isinstance(field, Mapping) else None
    if not isinstance(name, str) or name not in {**_FIELDS, **_ELSEWHERE}:
        near = did_you_mean(str(name), _FIELDS)
        known = ", ".join([*_FIELDS, *_ELSEWHERE])
        raise InvalidEventSelectorsError(
            f"{which}: CloudTrail does not know the field {name!r}{near} The fields are: {known}."
        )
    operators, values_of = _FIELDS.get(name) or (_ELSEWHERE[name], lambda _: [])
    conditions = _conditions(field)
    wrong = [operator for operator in field if operator != "Field" and operator not in operators]
    if wrong or not conditions:
        given = ", ".join(map(repr, wrong)) or "none"
        raise InvalidEventSelectorsError(
            f"{which}: {name} takes the operators {', '.join(operators)}; given is {given}"
        )
    for operator, values in conditions.items():
        if not _are_values(values):
            accepted = f"a list of strings of 1 to {_LENGTH} characters, at least one"
            raise InvalidEventSelectorsError(
                f"{which}: {name} {operator} is {values!r}; accepted is {accepted}"
            )
    wanted = [
        (_POSITIVE[operator], value)
        for operator, values in conditions.items()
        if operator in _POSITIVE
        for value in values
    ]
    unwanted = [
        (_POSITIVE[operator[3:]], value)
        for operator, values in conditions.items()
        if operator[3:] in _POSITIVE
        for value in values
    ]

    def passes(event: Event) -> bool:
        """The values of positive operators are alternatives; those of negative ones must all hold."""
        found = values_of(event)
        if any(holds(one, value) for one in found for holds, value in unwanted):
            return False
        return not wanted or any(holds(one, value) for one in found for holds, value in wanted)

    return passes


def _conditions(field: Mapping[str, Any]) -> dict[str, Any]:
    return {operator: values for operator, values in field.items() if operator in _OPERATORS}


def _are_values(values: object) -> bool:
    return (
        isinstance(values, (list, tuple))
        and bool(values)
        and all(isinstance(one, str) and 0 < len(one) <= _LENGTH for one in values)
    )
