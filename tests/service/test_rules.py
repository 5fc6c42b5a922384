from __future__ import annotations

import gzip
import json
import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import botocore
import pytest

from pytest_sm_metrics import RULES, Rule
from pytest_sm_metrics.service import operations, parsing, rules
from pytest_sm_metrics.service.errors import QUERY_STATUSES
from pytest_sm_metrics.service.get_metrics import rules as get_rules
from pytest_sm_metrics.service.operations import BY_NAME, OPERATIONS
from pytest_sm_metrics.service.put_metrics import rules as put_rules


@pytest.fixture(scope="module")
def model():
    """Return botocore's service model of SageMaker Metrics."""
    folder = Path(botocore.__file__).parent / "data" / "sagemaker-metrics" / "2022-09-30"
    packed = folder / "service-2.json.gz"
    return json.loads(
        gzip.decompress(packed.read_bytes())
        if packed.exists()
        else (folder / "service-2.json").read_bytes()
    )


def rule(rule_id):
    return next(rule for rule in RULES if rule.id == rule_id)


def test_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_data_that_can_be_shown_and_sent_to_another_process(rule):
    assert "function" not in repr(rule)
    assert pickle.loads(pickle.dumps(rule)) == rule
    with pytest.raises(FrozenInstanceError):
        rule.code = "OTHER"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_how_it_is_known(rule):
    assert rule.provenance in {"documented", "observed", "assumed"}
    assert rule.source
    assert rule.effect
    assert rule.operation in {
        "*",
        *BY_NAME,
        "CreateTrialComponent",
        "DeleteTrialComponent",
        "DescribeTrialComponent",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_published_nowhere_is_not_called_documented(rule):
    assert ("published nowhere" in rule.source) <= (
        rule.provenance == "assumed" or "the number is" in rule.source
    )


@pytest.mark.parametrize(
    ("member", "shape"),
    [
        ("TrialComponentName", "ExperimentEntityName"),
        ("MetricName", "MetricName"),
        ("MetricData", "RawMetricDataList"),
        ("MetricQueries", "MetricQueryList"),
        ("MetricQuery.MetricName", "MetricName"),
    ],
)
def test_lengths_are_the_models(model, member, shape):
    described = model["shapes"][shape]
    assert (
        rule(f"{member}.min").constraint
        == f"Member must have length greater than or equal to {described['min']}"
    )
    assert (
        rule(f"{member}.max").constraint
        == f"Member must have length less than or equal to {described['max']}"
    )
    make = (
        (lambda length: [{}] * length)
        if described["type"] == "list"
        else (lambda length: "x" * length)
    )
    assert rule(f"{member}.min").holds([make(described["min"])])
    assert not rule(f"{member}.min").holds([make(described["min"] - 1)])
    assert rule(f"{member}.max").holds([make(described["max"])])
    assert not rule(f"{member}.max").holds([make(described["max"] + 1)])


@pytest.mark.parametrize(
    ("member", "shape"),
    [
        ("TrialComponentName", "ExperimentEntityName"),
        ("MetricName", "MetricName"),
        ("MetricQuery.MetricName", "MetricName"),
        ("MetricQuery.ResourceArn", "SageMakerResourceArn"),
    ],
)
def test_patterns_are_the_models(model, member, shape):
    assert rule(f"{member}.pattern").constraint.endswith(f": {model['shapes'][shape]['pattern']}")


def test_the_least_step_is_the_models(model):
    assert rule("Step.min").constraint.endswith(f" {model['shapes']['Step']['min']}")
    assert model["shapes"]["Step"]["type"] == "integer"


@pytest.mark.parametrize(
    ("member", "shape"),
    [("MetricStat", "MetricStatistic"), ("Period", "Period"), ("XAxisType", "XAxisType")],
)
def test_enums_are_the_models(model, member, shape):
    values = model["shapes"][shape]["enum"]
    assert (
        rule(f"MetricQuery.{member}.enum").constraint
        == f"Member must satisfy enum value set: [{', '.join(values)}]"
    )
    assert rule(f"MetricQuery.{member}.enum").holds(values)
    assert not rule(f"MetricQuery.{member}.enum").holds(["Sum"])


def test_a_resource_arn_is_no_longer_than_the_models(model):
    assert rule("MetricQuery.ResourceArn.max").constraint.endswith(
        f" {model['shapes']['SageMakerResourceArn']['max']}"
    )


def test_the_statuses_of_queries_are_the_models(model):
    assert {"Complete", *QUERY_STATUSES} == set(model["shapes"]["MetricQueryResultStatus"]["enum"])


@pytest.mark.parametrize(
    ("operation", "shape"),
    [
        ("BatchPutMetrics", "BatchPutMetricsRequest"),
        ("BatchPutMetrics", "RawMetricData"),
        ("BatchGetMetrics", "BatchGetMetricsRequest"),
        ("BatchGetMetrics", "MetricQuery"),
    ],
)
def test_required_members_are_the_models(model, operation, shape):
    required = {
        rule.member
        for rule in RULES
        if rule.operation == operation and rule.id.endswith(".required")
    }
    assert set(model["shapes"][shape]["members"]) & required == set(
        model["shapes"][shape]["required"]
    )


def test_error_codes_are_the_models(model):
    in_errors = {
        rule.effect.split(", ")[1].split(" ")[0]
        for rule in RULES
        if rule.effect.startswith("HTTP 200, ") and "stored" in rule.effect
    }
    assert in_errors <= set(model["shapes"]["PutMetricsErrorCode"]["enum"])
    assert in_errors == {"VALIDATION_ERROR", "METRIC_LIMIT_EXCEEDED", "CONFLICT_ERROR"}


@pytest.mark.parametrize(
    "module", [rules, operations, parsing, put_rules, get_rules], ids=lambda module: module.__name__
)
def test_every_rule_is_listed(module):
    assert {rule.id for rule in vars(module).values() if isinstance(rule, Rule)} <= {
        rule.id for rule in RULES
    }


def test_operations_are_the_models(model):
    for operation in OPERATIONS:
        assert model["operations"][operation.name]["http"] == {
            "method": operation.method,
            "requestUri": operation.path,
        }


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a", True),
        ("run-1", True),
        ("a--b", True),
        ("0", True),
        ("Run-1", False),
        ("-a", False),
        ("a-", False),
        ("a_b", False),
        ("a\n", False),
        ("ä", False),
    ],
)
def test_the_pattern_of_trial_component_names(name, kept):
    assert rule("TrialComponentName.pattern").holds([name]) is kept
