"""Deliveries that fail, and names that would lead out of a folder.

Whatever happens, the next delivery brings each event to its destination once, and the digests list
each log file once.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import json
import os
import threading
from datetime import timedelta
from pathlib import Path

import boto3
import freezegun
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED

from ..logging_metrics import NOON, client_in, metric, put

ALL = SUGGESTED
DENIED = ClientError(
    {
        "Error": {"Code": "AccessDenied", "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    },
    "PutObject",
)


class S3:
    """A client of S3 that fails at the calls of some ordinals."""

    def __init__(self):
        self.store = {}
        self.count = 0
        self.fails_at = {}
        """The errors, by ordinal."""
        self.stores_what_fails = False

    def put_object(self, **given):
        self.count += 1
        error = self.fails_at.get(self.count)
        if error is None or self.stores_what_fails:
            self.store[given["Key"]] = gzip.decompress(given["Body"])
        if error is not None:
            raise error


@pytest.fixture
def client():
    return client_in("us-east-1")


@pytest.fixture
def trail(sm_metrics):
    return sm_metrics.cloudtrail.create_trail(
        "audit", advanced_event_selectors=ALL, s3_bucket="audits", digests=True
    )


def log_hourly(client, *runs):
    """Log under each name, an hour apart: each makes another log file and another digest."""
    with freezegun.freeze_time(NOON) as frozen:
        for run in runs:
            put(client, run, metric())
            frozen.tick(timedelta(hours=1))


def files_below(folder):
    """Return the uncompressed files below a folder, by key."""
    return {
        path.relative_to(folder).as_posix(): gzip.decompress(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def split(store):
    """Return the documents of the log files, and those of the digests, by key."""
    found = {key: json.loads(content) for key, content in store.items()}
    digests = {key for key in found if "CloudTrail-Digest" in key}
    logs = {key: content for key, content in found.items() if key not in digests}
    return logs, {key: found[key] for key in sorted(digests)}


def runs_in(store):
    logs, _ = split(store)
    return sorted(
        record["requestParameters"]["trialComponentName"]
        for log in logs.values()
        for record in log["Records"]
    )


def check_digests(store):
    """Assert that the digests are one chain, and that each log file is listed once."""
    logs, digests = split(store)
    listed = [log for digest in digests.values() for log in digest["logFiles"]]
    assert sorted(log["s3Object"] for log in listed) == sorted(logs)
    for log in listed:
        assert log["hashValue"] == hashlib.sha256(store[log["s3Object"]]).hexdigest()
    previous = [digest["previousDigestS3Object"] for digest in digests.values()]
    assert previous.count(None) == 1
    assert len(set(previous)) == len(digests)
    for key, digest in digests.items():
        assert digest["digestS3Object"] == key
        before = digest["previousDigestS3Object"]
        if before is not None:
            content = store[before]
            assert digest["previousDigestHashValue"] == hashlib.sha256(content).hexdigest()


class TestAClientThatFailsHalfWay:
    @pytest.mark.parametrize("new_prefix", [None, "new"])
    @pytest.mark.parametrize("ordinal", range(1, 7))
    @pytest.mark.parametrize(
        ("error", "stores"),
        [
            (OSError("lost connection"), False),
            (OSError("lost connection"), True),
            (KeyboardInterrupt(), True),
            (DENIED, False),
        ],
    )
    def test_the_next_delivery_brings_the_rest(
        self, client, trail, error, ordinal, new_prefix, stores
    ):
        s3 = S3()
        s3.fails_at, s3.stores_what_fails = {ordinal: error}, stores
        log_hourly(client, "run-1", "run-2", "run-3")
        with pytest.raises(type(error)):
            trail.deliver(s3)
        trail.s3_prefix = new_prefix
        put(client, "run-4", metric())
        trail.deliver(s3)
        assert trail.deliver(s3) == []
        assert runs_in(s3.store) == ["run-1", "run-2", "run-3", "run-4"]
        check_digests(s3.store)

    def test_a_prefix_that_is_refused_can_be_replaced(self, client, trail):
        s3 = S3()
        s3.fails_at = {1: DENIED}
        trail.s3_prefix = "forbidden"
        log_hourly(client, "run-1")
        with pytest.raises(ClientError, match="AccessDenied"):
            trail.deliver(s3)
        trail.s3_prefix = "allowed"
        keys = trail.deliver(s3)
        assert len(keys) == 2
        assert all(key.startswith("allowed/") for key in keys)

    def test_a_state_that_comes_back(self, sm_metrics, client, trail):
        """The same happens before each example of Hypothesis."""
        s3 = S3()
        s3.fails_at = {2: OSError("lost connection")}
        log_hourly(client, "run-1", "run-2")
        with pytest.raises(OSError, match="lost connection"):
            trail.deliver(s3)
        restore = sm_metrics._snapshot()
        first = trail.deliver(s3)
        restore()
        assert trail.deliver(s3) == first
        assert len(first) == 3
        check_digests(s3.store)

    def test_a_later_digest_of_the_same_hour_keeps_its_key(self, client, trail):
        s3 = S3()
        with freezegun.freeze_time(NOON):
            put(client, "run-1", metric())
            trail.deliver(s3)
            trail.s3_prefix = "new"
            put(client, "run-2", metric())
            trail.deliver(s3)
        assert runs_in(s3.store) == ["run-1", "run-2"]
        check_digests(s3.store)

    def test_digests_that_are_turned_off_and_on_again(self, client, trail):
        s3 = S3()
        s3.fails_at = {2: OSError("lost connection")}
        log_hourly(client, "run-1")
        with pytest.raises(OSError, match="lost connection"):
            trail.deliver(s3)
        trail.digests = False
        assert trail.deliver(s3) == []
        trail.digests = True
        put(client, "run-2", metric())
        _, digest = trail.deliver(s3)
        assert json.loads(s3.store[digest])["previousDigestS3Object"] is None

    def test_another_bucket_gets_what_the_one_before_has_not_got(self, client, trail):
        old, new = S3(), S3()
        old.fails_at = {2: OSError("lost connection"), 3: OSError("lost connection")}
        log_hourly(client, "run-1", "run-2")
        with pytest.raises(OSError, match="lost connection"):
            trail.deliver(old)
        trail.set_bucket("audits")  # the same
        trail.set_bucket("others")
        trail.deliver(new)
        trail.set_bucket("audits")
        assert trail.deliver(old) == []
        assert (runs_in(old.store), runs_in(new.store)) == (["run-1"], ["run-2"])
        listed = [
            (log["s3Bucket"], log["s3Object"])
            for digest in split(new.store)[1].values()
            for log in digest["logFiles"]
        ]
        expected = [*(("audits", key) for key in split(old.store)[0])]
        expected += [("others", key) for key in split(new.store)[0]]
        assert sorted(listed) == sorted(expected)

    def test_a_trail_that_is_made_anew_lists_the_files_of_the_one_before(self, sm_metrics, client):
        with mock_aws():
            boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="audits")
            cloudtrail = boto3.client("cloudtrail", region_name="us-east-1")
            s3 = S3()
            s3.fails_at = {2: OSError("lost connection")}
            for run in ("run-1", "run-2"):
                cloudtrail.create_trail(
                    Name="audit", S3BucketName="audits", EnableLogFileValidation=True
                )
                cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=ALL)
                cloudtrail.start_logging(Name="audit")
                put(client, run, metric())
                try:
                    sm_metrics.cloudtrail.deliver(s3)
                except OSError:
                    assert run == "run-1"
                cloudtrail.delete_trail(Name="audit")
        assert runs_in(s3.store) == ["run-1", "run-2"]
        check_digests(s3.store)


def test_a_bucket_that_another_thread_changes_during_a_delivery(client, trail):
    class Changing(S3):
        """A client that starts the change with its first object."""

        def put_object(self, **given):
            super().put_object(**given)
            if self.count == 1:
                other.start()

    other = threading.Thread(target=trail.set_bucket, args=["others"])
    s3, later = Changing(), S3()
    log_hourly(client, "run-1", "run-2")
    trail.deliver(s3)
    other.join()
    put(client, "run-3", metric())
    trail.deliver(later)
    assert (trail.s3_bucket, runs_in(s3.store), runs_in(later.store)) == (
        "others",
        ["run-1", "run-2"],
        ["run-3"],
    )


class TestFoldersThatCannotBeWritten:
    def fail(self, monkeypatch, name, error, ordinal):
        """Make the call of an ordinal of a function of `os` or `Path` fail."""
        owner = Path if hasattr(Path, name) and name != "replace" else os
        original, count = getattr(owner, name), iter(range(1, 1000))

        def failing(*given, **more):
            if next(count) == ordinal:
                if name == "write_bytes":
                    original(given[0], given[1][:10])
                raise error
            return original(*given, **more)

        monkeypatch.setattr(owner, name, failing)

    @pytest.mark.parametrize("new_prefix", [None, "new"])
    @pytest.mark.parametrize("ordinal", range(1, 5))
    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("write_bytes", errno.ENOSPC),
            ("write_bytes", errno.EROFS),
            ("mkdir", errno.EACCES),
            ("replace", errno.EIO),
        ],
    )
    def test_the_next_delivery_brings_the_rest(
        self, monkeypatch, client, trail, tmp_path, name, code, ordinal, new_prefix
    ):
        log_hourly(client, "run-1", "run-2")
        with monkeypatch.context() as patch:
            self.fail(patch, name, OSError(code, os.strerror(code)), ordinal)
            with pytest.raises(OSError) as failed:  # noqa: PT011 - the code is compared below
                trail.deliver(tmp_path)
        assert failed.value.errno == code
        files_below(tmp_path)  # each is complete
        trail.s3_prefix = new_prefix
        trail.deliver(tmp_path)
        assert trail.deliver(tmp_path) == []
        store = files_below(tmp_path)
        assert runs_in(store) == ["run-1", "run-2"]
        check_digests(store)

    def test_a_folder_that_is_a_file(self, client, trail, tmp_path):
        folder = tmp_path / "logs"
        folder.write_text("in the way")
        log_hourly(client, "run-1")
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
            trail.deliver(folder)
        assert folder.read_text() == "in the way"
        folder.unlink()
        assert len(trail.deliver(folder)) == 2

    def test_a_folder_in_the_place_of_a_file(self, client, trail, tmp_path):
        log_hourly(client, "run-1")
        [log_file, _] = trail.deliver(tmp_path / "a")
        (tmp_path / "b" / log_file).mkdir(parents=True)
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
            trail.deliver(tmp_path / "b")
        (tmp_path / "b" / log_file).rmdir()
        assert len(trail.deliver(tmp_path / "b")) == 2


class TestNamesThatLeadOutOfTheFolder:
    @pytest.mark.parametrize("prefix", ["..", "../up", "a/../../up", "a/.."])
    def test_a_prefix_is_refused_before_anything_is_written(
        self, sm_metrics, client, trail, tmp_path, prefix
    ):
        bad = sm_metrics.cloudtrail.create_trail(
            "bad", advanced_event_selectors=ALL, s3_prefix=prefix
        )
        log_hourly(client, "run-1")
        why = rf"the key '{prefix}/AWSLogs/.* leads out of the folder .*: its part '\.\.'"
        for deliver in (bad.deliver, sm_metrics.cloudtrail.deliver):
            with pytest.raises(ValueError, match=why):
                deliver(tmp_path / "in")
        assert list(tmp_path.iterdir()) == []
        bad.s3_prefix = "good"
        assert len(sm_metrics.cloudtrail.deliver(tmp_path / "in")) == 3

    def test_an_absolute_prefix_stays_inside(self, sm_metrics, client, trail, tmp_path):
        trail.s3_prefix = str(tmp_path / "outside")  # as other tools may accept it
        log_hourly(client, "run-1")
        trail.deliver(tmp_path / "in")
        assert [path.name for path in tmp_path.iterdir()] == ["in"]
        assert runs_in(files_below(tmp_path / "in")) == ["run-1"]

    @pytest.mark.skipif(os.name == "nt", reason="on Windows they need a privilege")
    @pytest.mark.parametrize("name", ["AWSLogs", "AWSLogs/123456789012/CloudTrail-Digest"])
    def test_a_symbolic_link(self, client, trail, tmp_path, name):
        outside, folder = tmp_path / "outside", tmp_path / "in"
        outside.mkdir()
        (folder / name).parent.mkdir(parents=True)
        (folder / name).symlink_to(outside, target_is_directory=True)
        log_hourly(client, "run-1")
        why = r"the key 'AWSLogs/.* leads out of the folder .*, through a symbolic link"
        with pytest.raises(ValueError, match=why):
            trail.deliver(folder)
        assert files_below(tmp_path) == {}
        (folder / name).unlink()
        assert len(trail.deliver(folder)) == 2

    @pytest.mark.skipif(os.name == "nt", reason="on Windows they need a privilege")
    def test_symbolic_links_that_stay_inside(self, client, trail, tmp_path):
        folder, link = tmp_path / "in", tmp_path / "link"
        (folder / "inner").mkdir(parents=True)
        link.symlink_to(folder, target_is_directory=True)
        (folder / "AWSLogs").symlink_to("inner", target_is_directory=True)
        log_hourly(client, "run-1")
        assert len(trail.deliver(link)) == 2
        assert runs_in(files_below(folder / "inner")) == ["run-1"]

    @given(prefix=st.text(alphabet="./\\:ab", max_size=8))
    def test_no_prefix_leads_out(self, tmp_path_factory, prefix):
        base = tmp_path_factory.mktemp("base")
        with mock_sm_metrics() as sm_metrics:
            trail = sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=ALL)
            trail.s3_prefix = prefix
            put(client_in("us-east-1"), "run-1", metric())
            try:
                trail.deliver(base / "a" / "b" / "c")
            except ValueError:
                assert list(base.iterdir()) == []
            else:
                assert runs_in(files_below(base / "a" / "b" / "c")) == ["run-1"]
        assert len([path for path in base.rglob("*") if path.is_file()]) <= 1


class TestTextOfAnyKind:
    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("\ud800", id="a high surrogate alone"),
            pytest.param("a\udc00b", id="a low surrogate alone"),
            pytest.param("\udc00\ud800", id="surrogates in the wrong order"),
            pytest.param("\x00", id="a zero byte"),
            pytest.param("\x1b[31m", id="an escape sequence"),
            pytest.param("a\r\nb\tc", id="line breaks"),
            pytest.param("\x7f\x85", id="other control characters"),
            pytest.param("\u2028\u2029", id="line breaks of Unicode"),
            pytest.param("\ufeff\ufffe\uffff", id="a byte order mark and no characters"),
            pytest.param("\U0001f600", id="an emoji"),
            pytest.param('"\\/', id="quotes"),
            pytest.param("١٢٣", id="digits of another script"),
        ],
    )
    def test_a_metric_name_comes_back_from_the_files(self, client, trail, tmp_path, name):
        with contextlib.suppress(ClientError):  # a name with line breaks is refused
            put(client, "run-1", metric(name, 0.5))
        trail.deliver(tmp_path)
        s3 = S3()
        trail.deliver(s3)
        for store in (files_below(tmp_path), s3.store):
            check_digests(store)
            [log] = split(store)[0].values()
            assert log == {"Records": trail.events}
            [record] = log["Records"]
            assert record["requestParameters"]["metricData"][0]["metricName"] == name
            assert all(content.isascii() and content.isprintable() for content in texts(store))

    @given(name=st.text(st.characters(), min_size=1, max_size=20))
    def test_any_metric_name(self, name):
        with mock_sm_metrics() as sm_metrics:
            trail = sm_metrics.cloudtrail.create_trail(
                "audit", advanced_event_selectors=ALL, s3_bucket="audits"
            )
            with contextlib.suppress(ClientError):  # a name with line breaks is refused
                put(client_in("us-east-1"), "run-1", metric(name, 0.5))
            s3 = S3()
            trail.deliver(s3)
            [content] = s3.store.values()
            assert json.loads(content) == {"Records": trail.events}
            assert content.isascii()

    def test_an_invalid_name_of_a_trial_component(self, client, trail):
        with pytest.raises(ClientError, match="ValidationException"):
            put(client, "\ud800\x00", metric())
        s3 = S3()
        trail.deliver(s3)
        [log] = split(s3.store)[0].values()
        [record] = log["Records"]
        assert record["requestParameters"]["trialComponentName"] == "\ud800\x00"
        record["errorMessage"].encode()

    @pytest.mark.parametrize("prefix", ["\ud800", "a\udcffb", "a\x7f", "\x85"])
    def test_a_prefix_that_is_no_text_is_refused(self, sm_metrics, prefix):
        with pytest.raises(ClientError, match="InvalidS3PrefixException"):
            sm_metrics.cloudtrail.create_trail("audit", s3_prefix=prefix)

    @pytest.mark.parametrize("prefix", ["\ud800", "a\x00b"])
    def test_a_prefix_that_no_folder_can_have(self, client, trail, tmp_path, prefix):
        trail.s3_prefix = prefix  # as other tools may accept it
        put(client, "run-1", metric())
        with pytest.raises(ValueError, match="cannot be a path below"):
            trail.deliver(tmp_path / "in")
        assert list(tmp_path.iterdir()) == []
        trail.s3_prefix = None
        assert len(trail.deliver(tmp_path / "in")) == 2


def texts(store):
    return [content.decode() for content in store.values()]
