"""Tools that read CloudTrail's log files or EventBridge's events read ours.

`nox -s readers` runs this: the tools need other versions of boto3.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from itertools import chain
from operator import itemgetter

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED

from ..logging_metrics import client_in, metric, put

ROLE = "arn:aws:iam::123456789012:role/trainer"
pytestmark = pytest.mark.sm_metrics(
    caller_arn="arn:aws:sts::123456789012:assumed-role/trainer/job-7"
)


@pytest.fixture
def trail(sm_metrics):
    """Return a trail with the events of two runs in two regions, and of a call that failed."""
    trail = sm_metrics.cloudtrail.create_trail(
        "audit",
        advanced_event_selectors=SUGGESTED,
        s3_bucket="audits",
        s3_prefix="logs",
        digests=True,
    )
    put(client_in("us-east-1"), "run-1", metric("loss", 0.5, 0))
    put(client_in("eu-west-1"), "run-2", metric("loss", 0.5, None))
    sm_metrics.fail_calls("AccessDeniedException", times=1)
    with pytest.raises(ClientError):
        put(client_in("us-east-1"), "run-3", metric())
    return trail


class TestTrailscraper:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("trailscraper")

    def invoke(self, *arguments, text=None):
        from click.testing import CliRunner
        from trailscraper.cli import root_group

        result = CliRunner().invoke(root_group, list(arguments), input=text, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def test_it_selects_our_records_from_a_folder(self, trail, tmp_path, caplog):
        trail.deliver(tmp_path)
        with caplog.at_level(logging.WARNING):
            options = {
                "--log-dir": str(tmp_path),
                "--filter-assumed-role-arn": ROLE,
                "--to": "in two hours",
            }
            selected = json.loads(self.invoke("select", *chain.from_iterable(options.items())))
        by_id = itemgetter("eventID")
        assert sorted(selected["Records"], key=by_id) == sorted(trail.events, key=by_id)
        warnings = {record.getMessage().partition(":")[0] for record in caplog.records}
        assert warnings <= {"Invalid filename"}  # the digests

    def test_it_makes_a_policy_of_them(self, trail, tmp_path):
        trail.deliver(tmp_path)
        selected = self.invoke("select", "--log-dir", str(tmp_path), "--to", "in two hours")
        [statement] = json.loads(self.invoke("generate", text=selected))["Statement"]
        assert statement["Action"] == ["metrics-sagemaker:BatchPutMetrics"]
        runs = [arn.rpartition("/")[2] for arn in statement["Resource"]]
        assert runs == ["run-2", "run-1", "run-3"]

    def test_it_finds_the_last_event(self, trail, tmp_path):
        trail.deliver(tmp_path)
        assert self.invoke("last-event-timestamp", "--log-dir", str(tmp_path)).strip()

    def test_it_downloads_them_from_the_bucket(self, trail, tmp_path):
        with mock_aws():
            s3 = boto3.client("s3", region_name="us-east-1")
            s3.create_bucket(Bucket="audits")
            trail.deliver(s3)
            now = datetime.now(timezone.utc)
            options = [
                ("--bucket", "audits"),
                ("--prefix", "logs/"),
                ("--account-id", "123456789012"),
                ("--region", "us-east-1"),
                ("--region", "eu-west-1"),
                ("--log-dir", str(tmp_path)),
                ("--parallelism", "1"),
                ("--from", str(now - timedelta(days=1))),
                ("--to", str(now + timedelta(days=1))),
            ]
            self.invoke("download", *chain.from_iterable(options))
        downloaded = [path for path in tmp_path.rglob("*.gz") if "Digest" not in path.name]
        assert len(downloaded) == 2


class TestPowertools:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("aws_lambda_powertools")

    def test_the_envelope(self, trail):
        from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent
        from aws_lambda_powertools.utilities.parser.models import EventBridgeModel

        for envelope, event in zip(trail.eventbridge_events, trail.events, strict=True):
            parsed = EventBridgeModel.model_validate(json.loads(json.dumps(envelope)))
            assert parsed.detail_type == "AWS API Call via CloudTrail"
            assert (parsed.source, parsed.detail) == ("aws.metrics-sagemaker", event)
            assert parsed.time.strftime("%Y-%m-%dT%H:%M:%SZ") == event["eventTime"]
            assert EventBridgeEvent(envelope).detail_type == "AWS API Call via CloudTrail"
