"""The comparison with other ways to test: `docs/comparison.md` says what these tests measure."""

from __future__ import annotations

import math
import re
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from unittest.mock import MagicMock

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from pytest_sm_metrics import mock_sm_metrics

from ..logging_metrics import metric

PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text(encoding="utf-8")
RUN = "run-1"
REJECTED = {"Errors": [{"Code": "CONFLICT_ERROR", "MetricIndex": 0}]}


def new_client(service="sagemaker-metrics"):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client(service, region_name="us-east-1", **keys)


# The code under test. Each function has one bug, or none.


def log(client, run=RUN, *metrics):
    answer = client.batch_put_metrics(TrialComponentName=run, MetricData=list(metrics))
    return answer.get("Errors", [])


def a_name_with_capitals(client):
    log(client, "Run-1", metric())


def a_loss_that_is_nan(client):
    log(client, RUN, metric(value=math.nan))


def eleven_metrics_in_a_call(client):
    log(client, RUN, *[metric(step=step) for step in range(11)])


def a_misspelt_member(client):
    log(client, RUN, {**metric(), "Steps": 1})


def a_message_that_no_error_has(client):
    for error in log(client, RUN, metric()):
        print(error["Message"])


def no_plan_for_throttling(client):
    log(client, RUN, metric())


def a_retry_that_stores_twice(client):
    log(client, RUN, metric())


def correct_code(client):
    answer = client.batch_put_metrics(TrialComponentName=RUN, MetricData=[metric()])
    assert answer["Errors"] == []  # as AWS answers


def correct_code_without_a_step(client):
    log(client, RUN, metric(step=None))


# A test of this code, as a user writes it with each tool


class CannotError(Exception):
    """The tool has no way to make this failure."""


class Wanted(NamedTuple):
    """The failure that a test asks for."""

    rejected: bool = False
    throttled: bool = False
    lost_answer: bool = False


def with_this_plugin(code, wanted):
    with mock_sm_metrics(unused_faults="ignore") as sm_metrics:
        if wanted.rejected:
            sm_metrics.fail_metrics("CONFLICT_ERROR")
        if wanted.throttled:
            sm_metrics.fail_calls("ThrottlingException")
        if wanted.lost_answer:
            sm_metrics.fail_calls("ConnectionReset", stored=True, times=1)
        code(new_client())
        if not wanted.rejected:
            sm_metrics.assert_no_rejected_metrics()
            sm_metrics.assert_logged(RUN, "loss", count=1)


def with_moto(code, wanted):
    if wanted.throttled or wanted.lost_answer:
        raise CannotError
    with mock_aws():
        sagemaker = new_client("sagemaker")
        if not wanted.rejected:  # moto rejects the metrics of an unknown trial component
            for name in (RUN, "Run-1"):
                sagemaker.create_trial_component(TrialComponentName=name)
        code(new_client())
        if not wanted.rejected:
            names = [one["TrialComponentName"] for one in summaries(sagemaker)]
            described = [sagemaker.describe_trial_component(TrialComponentName=n) for n in names]
            assert any(one.get("Metrics") for one in described)


def summaries(sagemaker):
    return sagemaker.list_trial_components()["TrialComponentSummaries"]


def with_stubber(code, wanted):
    if wanted.lost_answer:
        raise CannotError
    client = new_client()
    with Stubber(client) as stubber:
        if wanted.throttled:
            stubber.add_client_error("batch_put_metrics", "ThrottlingException")
        else:
            # It refuses an empty list of Errors, which AWS sends: the service model forbids it.
            stubber.add_response("batch_put_metrics", REJECTED if wanted.rejected else {})
        code(client)
        stubber.assert_no_pending_responses()


def with_a_mock(code, wanted):
    if wanted.lost_answer:
        raise CannotError
    client = MagicMock()
    client.batch_put_metrics.return_value = {"Errors": []}
    if wanted.throttled:
        error = {"Error": {"Code": "ThrottlingException"}}
        client.batch_put_metrics.side_effect = ClientError(error, "BatchPutMetrics")
    if wanted.rejected:  # an author without the documentation at hand adds a Message
        errors = [{**error, "Message": "rejected"} for error in REJECTED["Errors"]]
        client.batch_put_metrics.return_value = {"Errors": errors}
    code(client)
    client.batch_put_metrics.assert_called_once()


TOOLS = {
    "this plugin": with_this_plugin,
    "moto": with_moto,
    "Stubber": with_stubber,
    "a Mock": with_a_mock,
}
BUGS = {
    "a trial component's name has capitals": (a_name_with_capitals, Wanted()),
    "a loss is NaN, and nothing looks at `Errors`": (a_loss_that_is_nan, Wanted()),
    "eleven metrics in a call": (eleven_metrics_in_a_call, Wanted()),
    "a member is misspelt (`Steps`)": (a_misspelt_member, Wanted()),
    "a rejected metric is logged by its `Message`": (
        a_message_that_no_error_has,
        Wanted(rejected=True),
    ),
    "nothing survives throttling": (no_plan_for_throttling, Wanted(throttled=True)),
    "a retry after a lost answer stores twice": (
        a_retry_that_stores_twice,
        Wanted(lost_answer=True),
    ),
}
CORRECT = {
    'the answer to a success is `{"Errors": []}`': (correct_code, Wanted()),
    "a metric has no Step": (correct_code_without_a_step, Wanted()),
}


def outcome(tool, code, wanted):
    """Return the outcome of a test, in the words of the page."""
    try:
        tool(code, wanted)
    except CannotError:
        return "no such failure"
    except Exception as error:
        return f"fails: {type(error).__name__}"
    return "passes"


def rows(scenarios):
    for what, scenario in scenarios.items():
        cells = [outcome(tool, *scenario) for tool in TOOLS.values()]
        yield f"| {what} | {' | '.join(cells)} |"


@pytest.mark.parametrize("scenarios", [BUGS, CORRECT], ids=["bugs", "correct code"])
def test_the_page_has_what_is_measured(scenarios):
    [named] = re.findall(r"moto (\d+\.\d+)", PAGE.partition("## ")[0])
    if not version("moto").startswith(f"{named}."):
        pytest.skip(f"the page is about moto {named}: measure it again")
    for row in rows(scenarios):
        assert row in PAGE.splitlines(), f"measured: {row}"
