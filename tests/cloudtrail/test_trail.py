"""Trails: the events that they hold, delivery, and arguments that are refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import Mock

import boto3
import freezegun
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED

from ..logging_metrics import NOON, client_in, metric, put

ALL = SUGGESTED
KEY = re.compile(
    r"AWSLogs/(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4}/\d\d/\d\d)"
    r"/\1_CloudTrail_\2_\d{8}T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz"
)
FIELDS_OF_ENVELOPE = [
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "resources",
    "detail",
]


def only(run):
    [selector] = ALL
    arn = {"Field": "resources.ARN", "EndsWith": [f"/{run}"]}
    return [{"FieldSelectors": [*selector["FieldSelectors"], arn]}]


@pytest.fixture
def client():
    return client_in("us-east-1")


@pytest.fixture
def trail(sm_metrics):
    return sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=ALL)


def runs(events):
    return [event["requestParameters"]["trialComponentName"] for event in events]


def contents(folder):
    """Return the log files below a folder, by key."""
    return {
        key: gzip.decompress(content)
        for key, content in every_file(folder).items()
        if "CloudTrail-Digest" not in key
    }


def every_file(folder):
    """Return the compressed files below a folder, by key."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.gz")}


async def on_event_async(event):
    """Do nothing; a coroutine that the mock would not await."""


class TestWhatItHolds:
    def test_nothing_without_selectors(self, sm_metrics, client, tmp_path):
        trail = sm_metrics.cloudtrail.create_trail("audit")
        put(client, "run-1", metric())
        assert (trail.events, trail.eventbridge_events, trail.deliver(tmp_path)) == ([], [], [])
        assert len(sm_metrics.cloudtrail.events) == 1

    def test_what_its_selectors_select(self, sm_metrics, client):
        first = sm_metrics.cloudtrail.create_trail("first", advanced_event_selectors=only("run-1"))
        both = sm_metrics.cloudtrail.create_trail(
            "both", advanced_event_selectors=[*only("run-1"), *only("run-2")]
        )
        for run in ("run-1", "run-2", "run-3"):
            put(client, run, metric())
        assert (runs(first.events), runs(both.events)) == (["run-1"], ["run-1", "run-2"])
        assert [trail.name for trail in sm_metrics.cloudtrail.trails] == ["first", "both"]

    def test_what_happened_while_it_was_logging(self, sm_metrics, client):
        put(client, "before", metric())
        trail = sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=ALL)
        put(client, "run-1", metric())
        trail.stop_logging()
        put(client, "meanwhile", metric())
        assert not trail.is_logging
        trail.start_logging()
        trail.start_logging()
        put(client, "run-2", metric())
        assert trail.is_logging
        assert runs(trail.events) == ["run-1", "run-2"]

    def test_every_region(self, sm_metrics, client, trail):
        put(client, "run-1", metric())
        put(client_in("eu-west-1"), "run-2", metric())
        assert [event["awsRegion"] for event in trail.events] == ["us-east-1", "eu-west-1"]

    def test_it_is_gone_after_a_reset(self, sm_metrics, client, trail):
        put(client, "run-1", metric())
        sm_metrics.reset()
        assert (sm_metrics.cloudtrail.trails, sm_metrics.cloudtrail.events) == ([], [])
        sm_metrics.cloudtrail.create_trail("audit")

    def test_it_can_be_read_after_the_mock_is_off(self, client):
        with mock_sm_metrics() as sm_metrics:
            trail = sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=ALL)
            put(client, "run-1", metric())
        assert runs(trail.events) == ["run-1"]
        assert repr(trail) == "<Trail 'audit': logging, 1 selector>"

    def test_a_state_that_comes_back(self, sm_metrics, client, trail, tmp_path):
        """The same happens before each example of Hypothesis."""
        put(client, "before", metric())
        restore = sm_metrics._snapshot()
        for count in (1, 3):
            extra = sm_metrics.cloudtrail.create_trail("extra", advanced_event_selectors=ALL)
            for _ in range(count):
                put(client, "run-1", metric())
            assert runs(trail.events) == ["before", *["run-1"] * count]
            assert len(extra.events) == count
            assert len(trail.deliver(tmp_path / str(count))) == 1
            trail.stop_logging()
            restore()
        assert sm_metrics.cloudtrail.trails == [trail]
        assert (trail.is_logging, runs(trail.events)) == (True, ["before"])

    def test_trails_of_an_example_that_was_the_first_to_make_one(self, sm_metrics, client):
        restore = sm_metrics._snapshot()
        sm_metrics.cloudtrail.create_trail("audit")
        restore()
        assert sm_metrics.cloudtrail.trails == []


class TestEventBridge:
    def test_the_envelope(self, sm_metrics, client, trail):
        put(client, "run-1", metric())
        [event] = trail.events
        [envelope] = trail.eventbridge_events
        assert envelope == {
            "version": "0",
            "id": envelope["id"],
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.metrics-sagemaker",
            "account": "123456789012",
            "time": event["eventTime"],
            "region": "us-east-1",
            "resources": [],
            "detail": event,
        }
        assert list(envelope) == FIELDS_OF_ENVELOPE
        assert envelope["id"] not in (event["eventID"], event["requestID"])

    def test_on_event_is_called_with_each_when_it_happens(self, sm_metrics, client):
        seen = []
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=only("run-1"), on_event=seen.append
        )
        put(client, "run-1", metric())
        assert seen == trail.eventbridge_events
        put(client, "run-2", metric())
        trail.stop_logging()
        put(client, "run-1", metric())
        assert len(seen) == 1

    def test_it_is_called_with_what_the_trail_holds(self, sm_metrics, client):
        seen = []
        sm_metrics.cloudtrail.create_trail(
            "first", advanced_event_selectors=ALL, on_event=lambda event: second.start_logging()
        )
        second = sm_metrics.cloudtrail.create_trail(
            "second", advanced_event_selectors=ALL, on_event=seen.append
        )
        second.stop_logging()
        put(client, "run-1", metric())
        assert seen == second.eventbridge_events == []

    @pytest.mark.parametrize(
        ("on_event", "raised"),
        [
            (lambda event: 1 / 0, "ZeroDivisionError: division by zero"),
            (lambda event: pytest.fail("unexpected"), "Failed: unexpected"),
        ],
    )
    def test_what_it_raises_fails_the_test_and_not_the_call(self, client, on_event, raised):
        sm_metrics, seen = mock_sm_metrics().start(), []
        sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=ALL, on_event=on_event)
        sm_metrics.cloudtrail.create_trail(
            "other", advanced_event_selectors=ALL, on_event=seen.append
        )
        for _ in range(2):
            assert put(client, "run-1", metric())["Errors"] == []
        with pytest.raises(AssertionError) as failed:
            sm_metrics.stop()
        message = rf"on_event of trail 'audit' raised {re.escape(raised)} in .*test_trail\.py:\d+"
        assert re.fullmatch(rf"{message} \(2 times\)", str(failed.value))
        assert len(seen) == 2

    def test_it_is_what_the_user_gave_also_after_a_state_came_back(self, sm_metrics, client):
        on_event = Mock()
        sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=ALL, on_event=on_event)
        restore = sm_metrics._snapshot()
        for _ in range(3):
            put(client, "run-1", metric())
            restore()
        assert on_event.call_count == 3


class TestFolders:
    def test_keys_and_bytes(self, sm_metrics, client, trail, tmp_path):
        with freezegun.freeze_time(NOON):
            put(client, "run-1", metric())
            put(client, "run-2", metric())
            put(client_in("eu-west-1"), "run-3", metric())
        keys = trail.deliver(tmp_path)
        files = contents(tmp_path)
        assert sorted(files) == sorted(keys)
        assert {KEY.fullmatch(key)[2] for key in keys} == {"us-east-1", "eu-west-1"}
        [ours] = [key for key in keys if "us-east-1" in key]
        folder = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/09/01"
        assert ours.startswith(f"{folder}/123456789012_CloudTrail_us-east-1_20260901T1205Z_")
        records = {"Records": trail.events[:2]}
        assert files[ours] == json.dumps(records, separators=(",", ":")).encode()

    def test_each_delivery_brings_what_is_new(self, sm_metrics, client, trail, tmp_path):
        put(client, "run-1", metric())
        first = trail.deliver(tmp_path / "a")
        assert trail.deliver(str(tmp_path / "a")) == []
        put(client, "run-2", metric())
        second = trail.deliver(tmp_path / "a")
        assert not set(first) & set(second)
        found = [
            record
            for content in contents(tmp_path / "a").values()
            for record in json.loads(content)["Records"]
        ]
        assert sorted(runs(found)) == ["run-1", "run-2"]
        trail.deliver(tmp_path / "b")
        [content] = contents(tmp_path / "b").values()
        assert runs(json.loads(content)["Records"]) == ["run-1", "run-2"]

    def test_several_files_an_hour_and_dates_that_change(self, sm_metrics, client, trail, tmp_path):
        with freezegun.freeze_time("2026-12-31T23:54:59Z") as frozen:
            for minutes in (0, 0, 5, 60):
                frozen.tick(timedelta(minutes=minutes))
                put(client, "run-1", metric(timestamp=NOON))
        dates = re.compile(r"/(\d{4}/\d\d/\d\d)/.*_(\d{8}T\d{4}Z)_")
        assert [dates.search(key).groups() for key in trail.deliver(tmp_path)] == [
            ("2026/12/31", "20261231T2355Z"),
            ("2027/01/01", "20270101T0000Z"),
            ("2027/01/01", "20270101T0100Z"),
        ]

    def test_prefix_and_two_trails(self, sm_metrics, client, tmp_path):
        for name in ("first", "second"):
            sm_metrics.cloudtrail.create_trail(name, advanced_event_selectors=ALL, s3_prefix=name)
        sm_metrics.cloudtrail.create_trail("third", advanced_event_selectors=ALL)
        sm_metrics.cloudtrail.create_trail("fourth", advanced_event_selectors=ALL)
        put(client, "run-1", metric())
        keys = sm_metrics.cloudtrail.deliver(tmp_path)
        assert [key.partition("/")[0] for key in keys] == ["first", "second", "AWSLogs", "AWSLogs"]
        assert len(contents(tmp_path)) == 4

    def test_frozen_time_and_seed_make_keys_and_bytes_repeat(self, client, tmp_path):
        for folder in ("a", "b"):
            with freezegun.freeze_time(NOON), mock_sm_metrics() as sm_metrics:
                trail = sm_metrics.cloudtrail.create_trail(
                    "audit", advanced_event_selectors=ALL, digests=True
                )
                put(client, "run-1", metric())
                trail.deliver(tmp_path / folder)
        first, second = (every_file(tmp_path / folder) for folder in ("a", "b"))
        assert first == second
        assert len(first) == 2

    def test_a_failed_delivery_is_made_good_by_the_next(self, sm_metrics, client, trail, tmp_path):
        put(client, "run-1", metric())
        (tmp_path / "AWSLogs").write_text("in the way")
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
            trail.deliver(tmp_path)
        (tmp_path / "AWSLogs").unlink()
        assert len(trail.deliver(tmp_path)) == 1

    @pytest.mark.parametrize("prefix", ["../up", "a/../../up"])
    def test_a_prefix_that_leads_out_of_the_folder(self, sm_metrics, client, tmp_path, prefix):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, s3_prefix=prefix
        )
        put(client, "run-1", metric())
        with pytest.raises(ValueError, match=r"leads out of the folder"):
            trail.deliver(tmp_path / "in")
        assert list(tmp_path.rglob("*.gz")) == []

    def test_two_deliveries_at_once(self, sm_metrics, client, trail, tmp_path):
        put(client, "run-1", metric())
        with ThreadPoolExecutor(4) as pool:
            deliveries = list(pool.map(trail.deliver, [tmp_path] * 8))
        assert sum(map(len, deliveries)) == 1

    def test_nothing_is_lost_while_selectors_are_put(self, sm_metrics, client):
        from pytest_sm_metrics.cloudtrail.selectors import selection

        trail = sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=ALL)
        ended = threading.Event()

        def put_selectors():
            while not ended.is_set():
                trail.set_selectors(ALL, selection(ALL))

        other = threading.Thread(target=put_selectors)
        other.start()
        for _ in range(200):
            put(client, "run-1", metric())
        ended.set()
        other.join()
        assert len(trail.events) == 200

    @pytest.mark.parametrize("instant", ["9999-12-31T23:58:00Z", "1969-12-31T23:59:59Z"])
    def test_the_ends_of_the_calendar(self, sm_metrics, client, tmp_path, instant):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, digests=True
        )
        with freezegun.freeze_time(instant):
            put(client, "run-1", metric())
        assert [event["eventTime"] for event in trail.events] == [instant]
        assert len(trail.deliver(tmp_path)) == 2

    @pytest.mark.parametrize("where", [None, 3, b"folder", object()])
    def test_what_is_no_destination(self, sm_metrics, trail, where):
        accepted = r"a folder \(str, Path\), or a boto3 client of S3"
        with pytest.raises(TypeError, match=f"is no destination; accepted is {accepted}"):
            sm_metrics.cloudtrail.deliver(where)


class TestDigests:
    def digests(self, folder):
        """Return the digest files below a folder, by key, oldest first."""
        return {
            key: gzip.decompress(content)
            for key, content in sorted(every_file(folder).items())
            if "CloudTrail-Digest" in key
        }

    def test_an_hourly_chain(self, sm_metrics, client, tmp_path):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, s3_bucket="audits", digests=True
        )
        with freezegun.freeze_time("2026-09-01T10:10:00Z") as frozen:
            for minutes in (0, 20, 60, 1440):
                frozen.tick(timedelta(minutes=minutes))
                put(client, "run-1", metric())
        trail.deliver(tmp_path)
        files, digests = contents(tmp_path), self.digests(tmp_path)
        folder = "AWSLogs/123456789012/CloudTrail-Digest/us-east-1"
        name = "123456789012_CloudTrail-Digest_us-east-1_audit_us-east-1"
        assert list(digests) == [
            f"{folder}/2026/09/01/{name}_20260901T110000Z.json.gz",
            f"{folder}/2026/09/01/{name}_20260901T120000Z.json.gz",
            f"{folder}/2026/09/02/{name}_20260902T120000Z.json.gz",
        ]
        before = (None, None)
        listed = []
        for key, content in digests.items():
            digest = json.loads(content)
            assert digest["awsAccountId"] == "123456789012"
            assert (digest["digestS3Bucket"], digest["digestS3Object"]) == ("audits", key)
            previous = (digest["previousDigestS3Object"], digest["previousDigestHashValue"])
            assert previous == before
            before = (key, hashlib.sha256(content).hexdigest())
            for log in digest["logFiles"]:
                self.check_log(log, files[log["s3Object"]])
                listed.append(log["s3Object"])
        assert sorted(listed) == sorted(files)
        first = json.loads(next(iter(digests.values())))
        assert first["digestStartTime"] == "2026-09-01T10:00:00Z"
        assert first["digestEndTime"] == "2026-09-01T11:00:00Z"
        assert first["oldestEventTime"] == "2026-09-01T10:10:00Z"
        assert first["newestEventTime"] == "2026-09-01T10:30:00Z"

    def check_log(self, log, content):
        assert log["hashValue"] == hashlib.sha256(content).hexdigest()
        times = [record["eventTime"] for record in json.loads(content)["Records"]]
        assert (log["oldestEventTime"], log["newestEventTime"]) == (min(times), max(times))

    def test_a_second_delivery_in_the_same_hour(self, sm_metrics, client, tmp_path):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, digests=True
        )
        with freezegun.freeze_time(NOON) as frozen:
            for minutes in (0, 20, 60):
                frozen.tick(timedelta(minutes=minutes))
                put(client, "run-1", metric())
                trail.deliver(tmp_path)
        first, second = map(json.loads, self.digests(tmp_path).values())
        assert first["digestEndTime"] == "2026-09-01T13:00:00Z"
        assert second["digestEndTime"] == "2026-09-01T14:00:00Z"
        assert [len(digest["logFiles"]) for digest in (first, second)] == [2, 1]
        content = gzip.decompress((tmp_path / first["digestS3Object"]).read_bytes())
        assert second["previousDigestS3Object"] == first["digestS3Object"]
        assert second["previousDigestHashValue"] == hashlib.sha256(content).hexdigest()

    def test_a_digest_that_failed_is_made_good(self, sm_metrics, client, tmp_path):
        class S3:
            """An S3 client that fails at the first digest."""

            def __init__(self):
                self.failing, self.store = True, {}

            def put_object(self, **given):
                if "Digest" in given["Key"] and self.failing:
                    raise OSError("lost connection")
                self.store[given["Key"]] = gzip.decompress(given["Body"])

        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, s3_bucket="audits", digests=True
        )
        put(client, "run-1", metric())
        put(client_in("eu-west-1"), "run-1", metric())
        s3 = S3()
        with pytest.raises(OSError, match="lost connection"):
            trail.deliver(s3)
        s3.failing = False
        assert len(trail.deliver(s3)) == 2
        assert trail.deliver(s3) == []
        listed = [
            log["s3Object"]
            for key, body in s3.store.items()
            if "Digest" in key
            for log in json.loads(body)["logFiles"]
        ]
        assert sorted(listed) == sorted(key for key in s3.store if "Digest" not in key)

    def test_a_state_that_comes_back(self, sm_metrics, client, tmp_path):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, digests=True
        )
        with freezegun.freeze_time(NOON) as frozen:
            put(client, "run-1", metric())
            trail.deliver(tmp_path)
            restore = sm_metrics._snapshot()
            frozen.tick(timedelta(hours=1))
            keys = []
            for _ in range(3):
                put(client, "run-1", metric())
                keys.append(trail.deliver(tmp_path))
                restore()
        assert keys[0] == keys[1] == keys[2]

    def test_a_chain_for_each_region(self, sm_metrics, client, tmp_path):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, digests=True
        )
        put(client, "run-1", metric())
        put(client_in("eu-west-1"), "run-1", metric())
        trail.deliver(tmp_path)
        digests = map(json.loads, self.digests(tmp_path).values())
        assert [digest["previousDigestS3Object"] for digest in digests] == [None, None]


class TestBuckets:
    @pytest.fixture
    def s3(self):
        with mock_aws():
            s3 = boto3.client("s3", region_name="us-east-1")
            s3.create_bucket(Bucket="audits")
            yield s3

    def objects(self, s3, bucket="audits"):
        return {
            found["Key"]: s3.get_object(Bucket=bucket, Key=found["Key"])
            for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        }

    def test_objects(self, s3, sm_metrics, client):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit",
            advanced_event_selectors=ALL,
            s3_bucket="audits",
            s3_prefix="logs/ml",
            digests=True,
        )
        put(client, "run-1", metric())
        keys = trail.deliver(s3)
        objects = self.objects(s3)
        assert sorted(objects) == sorted(keys)
        [log] = [key for key in keys if "Digest" not in key]
        assert log.startswith("logs/ml/AWSLogs/123456789012/CloudTrail/us-east-1/")
        assert objects[log]["ContentType"] == "application/json"
        assert objects[log]["ContentEncoding"] == "gzip"
        assert json.loads(gzip.decompress(objects[log]["Body"].read())) == {"Records": trail.events}
        assert trail.deliver(boto3.client("s3", region_name="us-east-1")) == []

    def test_a_bucket_that_does_not_exist(self, s3, sm_metrics, client, tmp_path):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, s3_bucket="nowhere"
        )
        put(client, "run-1", metric())
        with pytest.raises(ClientError) as refused:
            sm_metrics.cloudtrail.deliver(s3)
        assert refused.value.response["Error"] == {
            "Code": "S3BucketDoesNotExistException",
            "Message": "S3 bucket nowhere does not exist!",
        }
        s3.create_bucket(Bucket="nowhere")
        assert len(trail.deliver(s3)) == 1

    def test_other_errors_are_s3s_own(self, s3, sm_metrics, client):
        trail = sm_metrics.cloudtrail.create_trail(
            "audit", advanced_event_selectors=ALL, s3_bucket="audits"
        )
        put(client, "run-1", metric())
        s3.put_bucket_versioning(Bucket="audits", VersioningConfiguration={"Status": "Enabled"})
        denied = Mock(side_effect=PermissionError("denied"))
        s3.meta.events.register_first("before-call.s3.PutObject", denied)
        with pytest.raises(PermissionError, match="denied"):
            trail.deliver(s3)

    def test_a_trail_without_a_bucket(self, s3, sm_metrics, client, trail):
        put(client, "run-1", metric())
        why = "trail 'audit' has no bucket to deliver to: create_trail('audit', s3_bucket=...)"
        for deliver in (trail.deliver, sm_metrics.cloudtrail.deliver):
            with pytest.raises(ValueError, match=re.escape(why)):
                deliver(s3)
        sm_metrics.cloudtrail.create_trail(
            "other", advanced_event_selectors=ALL, s3_bucket="audits"
        )
        put(client, "run-1", metric())
        assert len(sm_metrics.cloudtrail.deliver(s3)) == 1

    def test_the_name_of_the_bucket_is_no_folder(self, sm_metrics):
        trail = sm_metrics.cloudtrail.create_trail("audit", s3_bucket="audits")
        why = (
            "'audits' is the bucket of trail 'audit', not a folder: to deliver there, pass a boto3"
        )
        with pytest.raises(ValueError, match=why):
            trail.deliver("audits")

    def test_a_resource_is_no_client(self, s3, sm_metrics, trail):
        with pytest.raises(TypeError, match=r"that of a resource is its meta\.client"):
            trail.deliver(boto3.resource("s3", region_name="us-east-1"))


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("name", "more", "code"),
        [
            ("ab", {}, "InvalidTrailNameException"),
            ("a" * 129, {}, "InvalidTrailNameException"),
            ("my--trail", {}, "InvalidTrailNameException"),
            ("-trail", {}, "InvalidTrailNameException"),
            ("192.168.5.4", {}, "InvalidTrailNameException"),
            ("my trail", {}, "InvalidTrailNameException"),
            (None, {}, "InvalidTrailNameException"),
            ("taken", {}, "TrailAlreadyExistsException"),
            ("audit", {"s3_bucket": "Upper_Case"}, "InvalidS3BucketNameException"),
            ("audit", {"s3_bucket": 3}, "InvalidS3BucketNameException"),
            ("audit", {"s3_bucket": "a..b"}, "InvalidS3BucketNameException"),
            ("audit", {"s3_bucket": "1.2.3.4"}, "InvalidS3BucketNameException"),
            ("audit", {"s3_prefix": "x/"}, "InvalidS3PrefixException"),
            ("audit", {"s3_prefix": "/x"}, "InvalidS3PrefixException"),
            ("audit", {"s3_prefix": "a\nb"}, "InvalidS3PrefixException"),
            ("audit", {"s3_prefix": "x" * 201}, "InvalidS3PrefixException"),
        ],
    )
    def test_by_the_name_that_aws_gives_it_and_nothing_is_set_up(
        self, sm_metrics, name, more, code
    ):
        taken = sm_metrics.cloudtrail.create_trail("taken")
        with pytest.raises(ClientError) as refused:
            sm_metrics.cloudtrail.create_trail(name, **more)
        assert refused.value.response["Error"]["Code"] == code
        assert sm_metrics.cloudtrail.trails == [taken]

    @pytest.mark.parametrize(
        "selectors", [{}, [{}], [{**ALL[0], "Colour": "green"}], [{**ALL[0], "Name": 5}]]
    )
    def test_selectors(self, sm_metrics, selectors):
        with pytest.raises(ClientError) as refused:
            sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=selectors)
        assert refused.value.response["Error"]["Code"] == "InvalidEventSelectorsException"
        assert sm_metrics.cloudtrail.trails == []

    @pytest.mark.parametrize(
        "more", [{"on_event": "print"}, {"on_event": on_event_async}, {"digests": "yes"}]
    )
    def test_what_is_ours_alone(self, sm_metrics, more):
        with pytest.raises(TypeError, match=r"accepted is "):
            sm_metrics.cloudtrail.create_trail("audit", **more)
        assert sm_metrics.cloudtrail.trails == []

    def test_a_basic_selector_is_shown_the_advanced_one(self, sm_metrics):
        resource_type = "AWS::SageMaker::ExperimentTrialComponent"
        resource = {"Type": resource_type, "Values": ["arn:aws:sagemaker"]}
        basic = [{"ReadWriteType": "All", "DataResources": [resource]}]
        why = f"not '{resource_type}': use AdvancedEventSelectors="
        with pytest.raises(ClientError, match=why):
            sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=basic)
