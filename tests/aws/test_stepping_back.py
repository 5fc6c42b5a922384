"""Others are left as they are: sessions, handlers, HTTP, modules, and an interrupted activation."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse

from pytest_sm_metrics import UnmockedCallError, mock_sm_metrics
from pytest_sm_metrics.aws.active import active
from pytest_sm_metrics.aws.interception import block

from ..logging_metrics import SESSION, metric, put

EARLY = SESSION.client(
    "sagemaker-metrics",
    region_name="us-east-1",
    aws_access_key_id="a",
    aws_secret_access_key="b",
)
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


def client(session=SESSION, **more):
    return session.client("sagemaker-metrics", **KEYS, **more)


@pytest.fixture
def blocked():
    restore = block(lambda operation, body: UnmockedCallError(operation))
    yield
    restore()


class Answer:
    """An HTTP answer that a user's handler gives."""

    def stream(self):
        yield b'{"Errors": []}'


def answer(request, **_):
    return AWSResponse(request.url, 200, {"x-by": "user"}, Answer())


# Methods that a user has replaced


def test_a_mock_of_a_session_method_is_called_as_without_us():
    with mock.patch("botocore.session.Session.get_credentials", return_value=None) as patched:
        with mock_sm_metrics():
            botocore.session.Session().get_credentials()
        patched.assert_called_once_with()
    with (
        mock_sm_metrics(),
        mock.patch.object(
            botocore.session.Session, "get_credentials", return_value=None
        ) as patched,
    ):
        botocore.session.Session().get_credentials()
        patched.assert_called_once_with()


def test_a_static_method_in_place_of_a_session_method(monkeypatch):
    monkeypatch.setattr(
        botocore.session.Session, "get_credentials", staticmethod(lambda: "credentials")
    )
    with mock_sm_metrics():
        assert botocore.session.Session().get_credentials() == "credentials"


def test_a_session_method_is_back_after_the_mock():
    before = {name: vars(botocore.session.Session)[name] for name in ("create_client", "__init__")}
    with mock_sm_metrics():
        pass
    assert {name: vars(botocore.session.Session)[name] for name in before} == before


class CountingSession(botocore.session.Session):
    """A session that keeps state when it makes a client."""

    def create_client(self, *args, **kwargs):
        self.made = [*getattr(self, "made", []), args[0]]
        return super().create_client(*args, **kwargs)


def test_a_session_subclass_keeps_its_state():
    session = CountingSession()
    with mock_sm_metrics() as sm_metrics:
        made = session.create_client("sagemaker-metrics")
        put(made, "run-1", metric())
        session.create_client("s3", region_name="us-east-1")
        assert len(sm_metrics.calls) == 1
    assert session.made == ["sagemaker-metrics", "s3"]
    assert "get_credentials" not in vars(session)


# Handlers of the user


@pytest.mark.parametrize("register", ["register_first", "register", "register_last"])
@pytest.mark.parametrize("event", ["before-send", "before-send.sagemaker-metrics.BatchPutMetrics"])
def test_who_answers_first_answers_alone(register, event):
    with mock_sm_metrics() as sm_metrics:
        mine = client()
        getattr(mine.meta.events, register)(event, answer)
        response = put(mine, "run-1", metric())
        is_users = response["ResponseMetadata"]["HTTPHeaders"].get("x-by") == "user"
        assert len(sm_metrics.calls) == (0 if is_users else 1)
        if register == "register_first" and event != "before-send":
            assert is_users


@pytest.mark.usefixtures("blocked")
@pytest.mark.parametrize("register", ["register_first", "register", "register_last"])
def test_any_handler_that_answers_passes_the_block(register):
    mine = client()
    getattr(mine.meta.events, register)("before-send", answer)
    assert put(mine, "run-1", metric())["ResponseMetadata"]["HTTPHeaders"]["x-by"] == "user"


@pytest.mark.usefixtures("blocked")
def test_what_a_handler_does_to_a_request_does_not_let_it_through(network):
    mine = client()

    def forget(request, **_):
        getattr(request, "context", {}).clear()

    mine.meta.events.register_last("before-send", forget)
    with pytest.raises(UnmockedCallError):
        put(mine, "run-1", metric())
    assert network == []


def test_allowed_hosts_pass_the_block(network):
    restore = block(lambda operation, body: UnmockedCallError(operation), ["localstack"])
    try:
        mine = client(endpoint_url="http://localstack:4566")
        sent = []

        def note(request, **_):
            sent.append(request.url)
            return answer(request)

        mine.meta.events.register_last("before-send", note)
        put(mine, "run-1", metric())
        assert sent == ["http://localstack:4566/BatchPutMetrics"]
        with pytest.raises(UnmockedCallError):
            put(client(endpoint_url="http://elsewhere:4566"), "run-1", metric())
    finally:
        restore()
    assert network == []


def test_http_sessions_are_back_after_the_block():
    from botocore.httpsession import URLLib3Session

    before = vars(URLLib3Session)["send"]
    restore = block(lambda operation, body: UnmockedCallError(operation))
    client()
    restore()
    assert vars(URLLib3Session)["send"] is before


# Modules that are forgotten

FORGOTTEN = """
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest import mock
with mock.patch.dict(sys.modules):
    from pytest_sm_metrics import mock_sm_metrics
    sm_metrics = mock_sm_metrics().start()
sm_metrics.stop()
import boto3, botocore.session
from pytest_sm_metrics import mock_sm_metrics
before = vars(botocore.session.Session)["create_client"]
with mock_sm_metrics() as sm_metrics:
    client = boto3.client("sagemaker-metrics")
    data = [{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}]
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
    assert len(sm_metrics.calls) == 1
assert vars(botocore.session.Session)["create_client"] is before
"""


def test_a_mock_stops_that_was_imported_under_a_patch_of_modules():
    subprocess.run([sys.executable, "-W", "error", "-c", FORGOTTEN], check=True, timeout=60)


# Interruption


class Interrupted(BaseException):
    """An interruption, as by Ctrl-C, at a chosen line."""


def interrupted(function, at):
    """Run a function, and interrupt it at a line event of the package. Return True if it was."""
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("pytest_sm_metrics"):
            return None
        if event == "line":
            seen += 1
            if seen == at:
                raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return False


def log():
    with mock_sm_metrics():
        put(EARLY, "run-1", metric())


def make_a_client():
    with mock_sm_metrics():
        client()


def left_behind():
    import time

    import botocore.endpoint

    found = [f"{len(active.stack)} mocks"] if active.stack else []
    found += ["time of botocore.endpoint"] if botocore.endpoint.time is not time else []
    patches = {"sessions": active.sessions, "retries": active.retries, "sending": active.sending}
    found += [name for name, one in patches.items() if one]
    with ThreadPoolExecutor(1) as pool:
        if not pool.submit(active.lock.acquire, blocking=False).result():
            return [*found, "the lock"]
        pool.submit(active.lock.release).result()
    return found


@pytest.mark.parametrize(("use", "step"), [(log, 1), (make_a_client, 20)])
def test_after_an_interruption_nothing_stays_on_and_the_next_mock_works(use, step):
    use()  # what the first use imports and registers is there for good
    at, problems = 1, []
    while interrupted(use, at):
        found = left_behind()
        if found:
            problems.append((at, found))
            for record in list(active.stack):
                record.mock.stop()
        at += step
    assert at > 100
    with mock_sm_metrics() as sm_metrics:
        put(client(), "run-1", metric())
        assert len(sm_metrics.calls) == 1
    assert left_behind() == []
    # Nothing can cover the line that begins the exit of a `with` block.
    assert len(problems) <= 4, problems
