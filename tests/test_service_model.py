"""botocore's model of SageMaker Metrics: each operation, member and value is known to us.

`nox -s newest` and the scheduled workflow run this with the newest botocore. A failure names what
is new. Implement it by CONTRIBUTING.md, then add it to `KNOWN`.
"""

from __future__ import annotations

import copy

import botocore
import botocore.session
import pytest

from pytest_sm_metrics import RULES
from pytest_sm_metrics.service.operations import BY_NAME

KNOWN = {
    "operations": {
        "BatchPutMetrics": "BatchPutMetricsRequest -> BatchPutMetricsResponse",
        "BatchGetMetrics": "BatchGetMetricsRequest -> BatchGetMetricsResponse",
    },
    "shapes": {
        "BatchPutMetricsRequest": {"TrialComponentName", "MetricData"},
        "RawMetricData": {"MetricName", "Timestamp", "Step", "Value"},
        "BatchPutMetricsResponse": {"Errors"},
        "BatchPutMetricsError": {"Code", "MetricIndex"},
        "PutMetricsErrorCode": {
            "METRIC_LIMIT_EXCEEDED",
            "INTERNAL_ERROR",
            "VALIDATION_ERROR",
            "CONFLICT_ERROR",
        },
        "BatchGetMetricsRequest": {"MetricQueries"},
        "MetricQuery": {
            "MetricName",
            "ResourceArn",
            "MetricStat",
            "Period",
            "XAxisType",
            "Start",
            "End",
        },
        "MetricStatistic": {"Min", "Max", "Avg", "Count", "StdDev", "Last"},
        "Period": {"OneMinute", "FiveMinute", "OneHour", "IterationNumber"},
        "XAxisType": {"IterationNumber", "Timestamp"},
        "BatchGetMetricsResponse": {"MetricQueryResults"},
        "MetricQueryResult": {"Status", "Message", "XAxisValues", "MetricValues"},
        "MetricQueryResultStatus": {
            "Complete",
            "Truncated",
            "InternalError",
            "ValidationError",
        },
    },
}
"""The operations with their shapes, and the members or the values of each shape that has some."""

API_VERSIONS = ["2022-09-30"]


def described(model):
    """Return what `KNOWN` has, from a model."""
    operations = {
        name: " -> ".join(operation[way]["shape"] for way in ("input", "output"))
        for name, operation in model["operations"].items()
    }
    shapes = {
        name: set(parts)
        for name, shape in model["shapes"].items()
        if (parts := shape.get("enum") or shape.get("members"))
    }
    return {"operations": operations, "shapes": shapes}


def differences(model):
    """Return a line for each difference between a model and `KNOWN`."""
    found = described(model)
    lines = []
    for kind in ("operations", "shapes"):
        known, present = KNOWN[kind], found[kind]
        lines += [f"new in {kind}: {name}" for name in present if name not in known]
        lines += [f"gone from {kind}: {name}" for name in known if name not in present]
    for name, shapes in KNOWN["operations"].items():
        if found["operations"].get(name, shapes) != shapes:
            lines.append(f"{name} has other shapes: {found['operations'][name]}")
    for name, known in KNOWN["shapes"].items():
        present = found["shapes"].get(name, known)
        lines += [f"new in {name}: {part}" for part in sorted(present - known)]
        lines += [f"gone from {name}: {part}" for part in sorted(known - present)]
    return lines


@pytest.fixture(scope="module")
def loader():
    return botocore.session.Session().get_component("data_loader")


@pytest.fixture(scope="module")
def model(loader):
    """Return botocore's service model of SageMaker Metrics."""
    return loader.load_service_model("sagemaker-metrics", "service-2")


def test_botocore_has_no_new_version_of_the_api(loader):
    assert loader.list_api_versions("sagemaker-metrics", "service-2") == API_VERSIONS


def test_the_model_has_nothing_that_we_do_not_know(model):
    found = differences(model)
    heading = f"botocore {botocore.__version__} has another model of sagemaker-metrics:"
    assert not found, "\n".join([heading, *found])


def test_the_protocol_is_the_one_that_we_speak(model):
    protocols = model["metadata"].get("protocols", ["rest-json"])
    assert model["metadata"]["protocol"] == "rest-json"
    assert "rest-json" in protocols


def test_a_new_operation_is_named(model):
    changed = copy.deepcopy(model)
    operation = {"input": {"shape": "MetricQuery"}, "output": {"shape": "MetricQuery"}}
    changed["operations"]["BatchDeleteMetrics"] = operation
    assert differences(changed) == ["new in operations: BatchDeleteMetrics"]


def test_a_new_member_is_named(model):
    changed = copy.deepcopy(model)
    changed["shapes"]["RawMetricData"]["members"]["Unit"] = {"shape": "MetricName"}
    assert differences(changed) == ["new in RawMetricData: Unit"]


def test_a_new_value_is_named(model):
    changed = copy.deepcopy(model)
    changed["shapes"]["MetricStatistic"]["enum"].append("P99")
    assert differences(changed) == ["new in MetricStatistic: P99"]


def test_what_is_gone_is_named(model):
    changed = copy.deepcopy(model)
    del changed["operations"]["BatchGetMetrics"]
    del changed["shapes"]["BatchPutMetricsError"]["members"]["MetricIndex"]
    assert differences(changed) == [
        "gone from operations: BatchGetMetrics",
        "gone from BatchPutMetricsError: MetricIndex",
    ]


def test_the_service_has_the_operations_that_we_know():
    assert set(BY_NAME) == set(KNOWN["operations"])


@pytest.mark.parametrize(
    ("operation", "shapes"),
    [
        ("BatchPutMetrics", ["BatchPutMetricsRequest", "RawMetricData"]),
        ("BatchGetMetrics", ["BatchGetMetricsRequest", "MetricQuery"]),
    ],
)
def test_every_member_of_a_request_has_a_rule(operation, shapes):
    ruled = {rule.member for rule in RULES if rule.operation == operation}
    members = set().union(*(KNOWN["shapes"][shape] for shape in shapes))
    assert members <= ruled
    assert ruled <= {*members, *shapes, ""}, "a rule is about a member that the model does not have"
