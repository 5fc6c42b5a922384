"""Advanced event selectors: what is accepted, and which events they select.

Sources: AWS CloudTrail API Reference, AdvancedEventSelector and AdvancedFieldSelector (documented).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..wording import closest, did_you_mean
from .records import RESOURCE_TYPE

Event = Mapping[str, Any]
Selection = Callable[[Event], bool]

_POSITIVE = ("Equals", "StartsWith", "EndsWith")
_OPERATORS = {name for positive in _POSITIVE for name in (positive, f"Not{positive}")}
_ALL = tuple(sorted(_OPERATORS))
_EQUALS = ("Equals",)


def _caller_arns(event: Event) -> Sequence[str]:
    """Return the caller's ARN, in a list; a service has none."""
    arn = event["userIdentity"].get("arn")
    return [] if arn is None else [arn]


_FIELDS: dict[str, tuple[Sequence[str], Callable[[Event], Sequence[str]]]] = {
    "eventCategory": (_EQUALS, lambda event: [event["eventCategory"]]),
    "resources.type": (_EQUALS, lambda _: [RESOURCE_TYPE]),
    "readOnly": (_EQUALS, lambda event: ["true" if event["readOnly"] else "false"]),
    "eventName": (_ALL, lambda event: [event["eventName"]]),
    "resources.ARN": (_ALL, lambda event: [resource["ARN"] for resource in event["resources"]]),
    "eventSource": (_ALL, lambda event: [event["eventSource"]]),
    "eventType": (_ALL, lambda event: [event["eventType"]]),
    "userIdentity.arn": (_ALL, _caller_arns),
    "sessionCredentialFromConsole": (("Equals", "NotEquals"), lambda _: []),
}
"""The fields of data events: the operators that each takes, and its values in an event."""

_OTHER_FIELDS: dict[str, Sequence[str]] = {"errorCode": _ALL, "vpcEndpointId": _ALL}
"""The fields that only other events have, with their operators."""
_FIELDS_OF_CATEGORY = {
    "Data": set(_FIELDS),
    "Management": {
        "eventCategory",
        "eventSource",
        "readOnly",
        "eventName",
        "eventType",
        "sessionCredentialFromConsole",
        "userIdentity.arn",
    },
    "NetworkActivity": {"eventCategory", "eventSource", "eventName", "errorCode", "vpcEndpointId"},
}
"""The fields by which a trail selects the events of each category."""
_BASIC_TYPES = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
"""The resource types that basic event selectors know."""
_SAGEMAKER_TYPES = (
    "AWS::SageMaker::Endpoint",
    RESOURCE_TYPE,
    "AWS::SageMaker::FeatureGroup",
    "AWS::SageMaker::Hub",
    "AWS::SageMaker::Job",
    "AWS::SageMaker::MlflowApp",
    "AWS::SageMaker::MlflowTrackingServer",
    "AWS::SageMaker::TrainingSession",
)
"""The resource types of SageMaker; AWS CloudTrail User Guide, data events (documented)."""
_MOST_VALUES = 500  # in all selectors of a trail
_MOST_CHARACTERS = 2048  # of a value
_MOST_NAME_CHARACTERS = 1000

SUGGESTED = [
    {
        "Name": "SageMaker training metrics",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": [RESOURCE_TYPE]},
        ],
    }
]
"""Selectors that select every data event of SageMaker Metrics."""


class InvalidEventSelectorsError(Exception):
    """An error that AWS answers with InvalidEventSelectorsException."""


def selection(selectors: Any) -> Selection:
    """Return a function that returns True for an event that advanced event selectors select.

    Raises InvalidEventSelectorsError, with the reason, for selectors that AWS would not accept.
    """
    if not isinstance(selectors, (list, tuple)):
        raise InvalidEventSelectorsError(
            f"AdvancedEventSelectors is {selectors!r}; "
            f"accepted is a list of selectors, as {SUGGESTED!r}"
        )
    return _selection_of(list(enumerate(selectors)), selectors)


def selection_of_clients(selectors: Sequence[Any]) -> Selection:
    """Return what `selection` returns, for selectors that a client has put.

    Only those that name the resource type of SageMaker Metrics are checked, and can select its
    events. The others are left to the tool that answers the client.
    """
    ours = [(index, one) for index, one in enumerate(selectors) if _names_our_type(one)]
    return _selection_of(ours, selectors)


def check_selectors_of_clients(advanced: Sequence[Any], basic: Sequence[Any]) -> None:
    """Raise InvalidEventSelectorsError for selectors of SageMaker Metrics that AWS would refuse."""
    if basic and any(map(_names_our_type, advanced)):
        raise InvalidEventSelectorsError(
            "a trail has EventSelectors or AdvancedEventSelectors, not both"
        )
    for resource_type in _types_of_basic(basic):
        if _is_like_our_type(resource_type):
            _check_basic_type(resource_type)
    selection_of_clients(advanced)


def _selection_of(checked: Sequence[tuple[int, Any]], selectors: Sequence[Any]) -> Selection:
    """Return the selection of some selectors of a trail, given with their indices."""
    chosen = [_selector(f"selector {index}", selector) for index, selector in checked]
    count = sum(1 for selector in selectors for _ in _values_of(selector))
    if chosen and count > _MOST_VALUES:
        raise InvalidEventSelectorsError(
            f"the selectors of a trail have at most {_MOST_VALUES} values; these have {count}"
        )
    return lambda event: any(selects(event) for selects in chosen)


def _values_of(selector: Any) -> Iterator[Any]:
    """Yield the values in all fields of an advanced event selector of any form."""
    fields = selector.get("FieldSelectors") if isinstance(selector, Mapping) else None
    for field in fields if isinstance(fields, (list, tuple)) else ():
        operators = _operators_of(field) if isinstance(field, Mapping) else {}
        for values in operators.values():
            yield from values if isinstance(values, (list, tuple)) else ()


def _names_our_type(selector: Any) -> bool:
    return any(map(_is_like_our_type, _values_of(selector)))


def _is_like_our_type(value: object) -> bool:
    """Return True for the resource type of SageMaker Metrics, also if it is misspelt."""
    if not isinstance(value, str):
        return False
    letters = _letters(value)
    if "trialcomponent" in letters:
        return True
    return bool(difflib.get_close_matches(letters, [_letters(RESOURCE_TYPE)], cutoff=0.85))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def check_basic(selectors: Sequence[Any]) -> None:
    """Raise InvalidEventSelectorsError for a type that basic event selectors do not know.

    Only advanced event selectors know the resource type of SageMaker Metrics.
    """
    for resource_type in _types_of_basic(selectors):
        _check_basic_type(resource_type)


def _types_of_basic(selectors: Sequence[Any]) -> Iterator[Any]:
    """Yield the resource types that basic event selectors name."""
    for selector in selectors:
        resources = selector.get("DataResources") if isinstance(selector, Mapping) else None
        for one in resources if isinstance(resources, (list, tuple)) else ():
            if isinstance(one, Mapping):
                yield one.get("Type")


def _check_basic_type(resource_type: Any) -> None:
    if resource_type not in _BASIC_TYPES:
        raise InvalidEventSelectorsError(
            f"basic event selectors know the DataResource types {', '.join(_BASIC_TYPES)}, "
            f"and not {resource_type!r}: use AdvancedEventSelectors={SUGGESTED!r}"
        )


def _selector(which: str, selector: Any) -> Selection:
    check_basic([selector])
    fields = _field_selectors(which, selector)
    conditions = [_condition(which, field) for field in fields]
    category = _check_fields(which, fields)
    if category != "Data":
        return lambda _: False
    return lambda event: all(holds(event) for holds in conditions)


def _field_selectors(which: str, selector: Any) -> Sequence[Any]:
    """Return the members of FieldSelectors; raise an error for a selector of another form."""
    fields = selector.get("FieldSelectors") if isinstance(selector, Mapping) else None
    if (
        not isinstance(fields, (list, tuple))
        or not fields
        or selector.keys() - {"Name", "FieldSelectors"}
        or not _is_name(selector.get("Name", ""))
    ):
        raise InvalidEventSelectorsError(
            f"{which} is {selector!r}; accepted is one with FieldSelectors, as {SUGGESTED[0]!r}"
        )
    return fields


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= _MOST_NAME_CHARACTERS


def _check_fields(which: str, fields: Sequence[Any]) -> str:
    """Return the category that a selector selects; raise an error if its fields do not fit."""
    equals = {field["Field"]: field.get("Equals") for field in fields}
    if len(equals) < len(fields):
        raise InvalidEventSelectorsError(
            f"{which} names a field twice; the operators of a field stand together"
        )
    category = _required_category(which, equals.get("eventCategory"))
    unknown = equals.keys() - _FIELDS_OF_CATEGORY[category]
    if unknown:
        raise InvalidEventSelectorsError(
            f"{which}: {category} events are not selected by {', '.join(sorted(unknown))}"
        )
    read_only = equals.get("readOnly")
    if read_only is not None and list(read_only) not in (["true"], ["false"]):
        raise InvalidEventSelectorsError(
            f"{which}: readOnly takes Equals ['true'] or ['false']; it is {list(read_only)!r}"
        )
    if category == "Data":
        _check_types(which, equals.get("resources.type"))
    return category


def _required_category(which: str, values: Sequence[str] | None) -> str:
    if values is None or len(values) != 1 or values[0] not in _FIELDS_OF_CATEGORY:
        accepted = ", ".join(repr([name]) for name in _FIELDS_OF_CATEGORY)
        given = None if values is None else list(values)
        raise InvalidEventSelectorsError(
            f"{which}: eventCategory is required, Equals one of {accepted}; it is {given!r}"
        )
    return values[0]


def _check_types(which: str, values: Sequence[str] | None) -> None:
    if values is None or len(values) != 1:
        given = None if values is None else list(values)
        raise InvalidEventSelectorsError(
            f"{which}: resources.type is required, Equals one value; it is {given!r}"
        )
    [resource_type] = values
    if not _is_resource_type(resource_type):
        near = did_you_mean(resource_type, [*_SAGEMAKER_TYPES, *_BASIC_TYPES])
        raise InvalidEventSelectorsError(
            f"{which}: resources.type {resource_type!r} is none that logs data events{near}"
        )


def _is_resource_type(name: str) -> bool:
    """Return True for a resource type of SageMaker, and for any of another service."""
    form = re.fullmatch(r"AWS::(\w+)::\w+", name)
    if form is None:
        return False
    is_of_sagemaker = bool(closest(form[1], ["SageMaker"]))
    return name in _SAGEMAKER_TYPES or not is_of_sagemaker


def _condition(which: str, field: Any) -> Selection:
    """Return a function that returns True for an event in which a field is as asked for.

    The values of positive operators are alternatives; those of negative ones must all hold.
    """
    name, operators = _checked_field(which, field)
    values_of = _FIELDS[name][1] if name in _FIELDS else lambda _: []
    wanted, unwanted = _matcher(operators), _matcher(operators, "Not")
    has_wanted = any(positive in operators for positive in _POSITIVE)

    def holds(event: Event) -> bool:
        found = values_of(event)
        if any(map(unwanted, found)):
            return False
        return not has_wanted or any(map(wanted, found))

    return holds


def _matcher(operators: Mapping[str, Any], negation: str = "") -> Callable[[str], bool]:
    """Return a function that returns True for a value that one of the positive operators matches.

    With the negation `Not`, the operators are the negative ones.
    """
    equal = frozenset(operators.get(f"{negation}Equals", ()))
    starts = tuple(operators.get(f"{negation}StartsWith", ()))
    ends = tuple(operators.get(f"{negation}EndsWith", ()))
    return lambda value: value in equal or value.startswith(starts) or value.endswith(ends)


def _checked_field(which: str, field: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the operators of a field; raise an error for invalid ones."""
    name = field.get("Field") if isinstance(field, Mapping) else None
    known = [*_FIELDS, *_OTHER_FIELDS]
    if not isinstance(name, str) or name not in known:
        near = did_you_mean(str(name), _FIELDS)
        raise InvalidEventSelectorsError(
            f"{which}: CloudTrail does not know the field {name!r}{near} "
            f"The fields are: {', '.join(known)}."
        )
    accepted = _FIELDS[name][0] if name in _FIELDS else _OTHER_FIELDS[name]
    operators = _operators_of(field)
    wrong = [operator for operator in field if operator != "Field" and operator not in accepted]
    if wrong or not operators:
        given = ", ".join(map(repr, wrong)) or "none"
        raise InvalidEventSelectorsError(
            f"{which}: {name} takes the operators {', '.join(accepted)}; given is {given}"
        )
    for operator, values in operators.items():
        if not _are_values(values):
            raise InvalidEventSelectorsError(
                f"{which}: {name} {operator} is {values!r}; accepted is a list of strings "
                f"of 1 to {_MOST_CHARACTERS} characters, at least one"
            )
    return name, operators


def _operators_of(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a field by operator."""
    return {operator: values for operator, values in field.items() if operator in _OPERATORS}


def _are_values(values: object) -> bool:
    if not isinstance(values, (list, tuple)) or not values:
        return False
    return all(isinstance(one, str) and 1 <= len(one) <= _MOST_CHARACTERS for one in values)
