"""`child_processes="answer"`: every process that a test starts logs into its mock."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from pytest_sm_metrics import UnmockedCallError, current, mock_sm_metrics

from ..logging_metrics import client_in, metric, put

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
METHODS = multiprocessing.get_all_start_methods()
FORK = pytest.mark.skipif("fork" not in METHODS, reason="no forks here")
PEERS_ARE_KNOWN = os.path.exists("/proc/self/net/tcp")
LINUX = pytest.mark.skipif(not PEERS_ARE_KNOWN, reason="the clients' processes are not known here")

SCRIPT = """
import subprocess, sys
import boto3
def log(run):
    data = [{"MetricName": "loss", "Timestamp": 0, "Value": 0.5}]
    boto3.client("sagemaker-metrics").batch_put_metrics(TrialComponentName=run, MetricData=data)
"""


def log(run, region="us-east-1"):
    """Log one metric, in any process, with a client that may be older than the process."""
    put(client_in(region), run, metric())
    return os.getpid()


def log_with_a_new_client(run):
    put(boto3.client("sagemaker-metrics"), run, metric())
    return os.getpid()


def log_rejected(run):
    try:
        log(run)
    except ClientError as error:
        return error.response["Error"]["Code"]


def run_script(source, **environ):
    subprocess.run(
        [sys.executable, "-c", SCRIPT + source],
        env={**os.environ, **environ} if environ else None,
        check=True,
        timeout=60,
    )


@pytest.fixture
def sm_metrics():
    """Activate a mock after the fixture that empties the environment, and check what it leaves."""
    before = now()
    with mock_sm_metrics(child_processes="answer") as sm_metrics:
        yield sm_metrics
    assert now() == before


def now():
    return {name: one for name, one in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.mark.parametrize("method", METHODS)
def test_pools(sm_metrics, method):
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        processes = set(pool.map(log_with_a_new_client, ["run-1", "run-2", "run-3"]))
    assert sorted(sm_metrics) == ["run-1", "run-2", "run-3"]
    assert os.getpid() not in processes
    if method == "fork" or PEERS_ARE_KNOWN:
        assert {call.process_id for call in sm_metrics.calls} == processes
    assert {call.region for call in sm_metrics.calls} == {"us-east-1"}


@FORK
def test_a_forked_child_uses_a_client_of_its_parent(sm_metrics):
    log("run-1")
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        process = pool.submit(log, "run-2", "eu-west-1").result(30)
    log("run-3")
    assert [call.trial_component for call in sm_metrics.calls] == ["run-1", "run-2", "run-3"]
    assert [call.process_id for call in sm_metrics.calls] == [os.getpid(), process, os.getpid()]
    assert sm_metrics["run-2"].region == "eu-west-1"


HELD = {}
USES = {
    "[]": lambda mock: mock["run-1"],
    "in": lambda mock: "run-1" in mock,
    "get": lambda mock: mock.get("run-1"),
    "len": len,
    "list": list,
    "calls": lambda mock: mock.calls,
    "rejected": lambda mock: mock.rejected,
    "faults": lambda mock: mock.faults,
    "trial_components": lambda mock: mock.trial_components,
    "trial_component": lambda mock: mock.trial_component("run-1"),
    "create_trial_component": lambda mock: mock.create_trial_component("run-1"),
    "assert_logged": lambda mock: mock.assert_logged("run-1", "loss", timeout=30),
    "assert_not_logged": lambda mock: mock.assert_not_logged("run-1", "loss"),
    "assert_called": lambda mock: mock.assert_called(times=0),
    "assert_no_rejected_metrics": lambda mock: mock.assert_no_rejected_metrics(),
    "wait_for": lambda mock: mock.wait_for(lambda _: True),
    "fail_metrics": lambda mock: mock.fail_metrics("CONFLICT_ERROR"),
    "fail_calls": lambda mock: mock.fail_calls("ThrottlingException"),
    "fail_queries": lambda mock: mock.fail_queries("InternalError"),
    "delay_calls": lambda mock: mock.delay_calls(1),
    "hold_calls": lambda mock: mock.hold_calls(),
    "to_dict": lambda mock: mock.to_dict(),
    "check": lambda mock: mock.check(),
    "reset": lambda mock: mock.reset(),
    "serve": lambda mock: mock.serve(),
    "cloudtrail": lambda mock: mock.cloudtrail,
    "events": lambda _: HELD["cloudtrail"].events,
    "assert_event": lambda _: HELD["cloudtrail"].assert_event("run-1"),
    "create_trail": lambda _: HELD["cloudtrail"].create_trail("other"),
    "trails": lambda _: HELD["cloudtrail"].trails,
    "trail.events": lambda _: HELD["trail"].events,
    "trail.stop_logging": lambda _: HELD["trail"].stop_logging(),
    "run[]": lambda _: HELD["run"]["loss"],
    "fault.hits": lambda _: HELD["fault"].hits,
    "fault.matches": lambda _: HELD["fault"].matches,
    "fault.remove": lambda _: HELD["fault"].remove(),
    "held.wait": lambda _: HELD["held"].wait(),
}


def use_in_the_child(_):
    """Log, then use the mock in every way; return the messages of the errors by the way."""
    log("run-1")
    messages = {}
    for name, use in USES.items():
        try:
            use(current())
        except RuntimeError as error:
            messages[name] = str(error)
    return repr(current()), messages


@FORK
def test_a_forked_child_does_not_use_the_mock_of_its_parent(sm_metrics):
    HELD["cloudtrail"] = sm_metrics.cloudtrail
    HELD["trail"] = sm_metrics.cloudtrail.create_trail("audit")
    HELD["run"] = sm_metrics.create_trial_component("run-1")
    HELD["fault"] = sm_metrics.delay_calls(0, optional=True)
    HELD["held"] = sm_metrics.hold_calls(trial_component="run-2", optional=True)
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        shown, messages = pool.submit(use_in_the_child, None).result(60)
    assert list(messages) == list(USES)
    [message] = set(messages.values())
    assert f"forked from process {os.getpid()} while the mock was on there" in message
    assert f"are recorded in process {os.getpid()}: read the mock, assert on it" in message
    assert shown == "<sm_metrics: a copy in a forked child>"
    assert HELD["fault"].hits == 1
    assert list(sm_metrics) == ["run-1"]


@FORK
def test_a_forked_child_that_leaves_the_block_judges_nothing():
    child = None
    try:
        with mock_sm_metrics(child_processes="answer") as sm_metrics:
            fault = sm_metrics.fail_calls("ThrottlingException")
            with sm_metrics.hold_calls(trial_component="run-2", optional=True):
                child = os.fork()
            if child:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
                fault.remove()
                sm_metrics._findings.take()
    finally:
        if child == 0:
            os._exit(7 if sys.exc_info()[0] is None else 1)


@FORK
def test_a_forked_child_sees_faults_and_settings():
    with (
        mock_sm_metrics(child_processes="answer", metric_limit=0) as sm_metrics,
        ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool,
    ):
        sm_metrics.fail_calls("AccessDeniedException", trial_component="run-2")
        pool.submit(log, "run-1").result(30)
        assert pool.submit(log_rejected, "run-2").result(30) == "AccessDeniedException"
    assert [one.code for one in sm_metrics.rejected] == ["METRIC_LIMIT_EXCEEDED"]


def test_scripts_and_their_children(sm_metrics):
    run_script("log('run-1')")
    run_script("log('run-2')", ANOTHER="variable")
    child = "subprocess.run([sys.executable, '-c', SCRIPT + \"log('run-3')\"], check=True)"
    run_script(f"SCRIPT = {SCRIPT!r}\n{child}")
    assert list(sm_metrics) == ["run-1", "run-2", "run-3"]


@LINUX
def test_processes_of_a_script_and_its_child(sm_metrics):
    with subprocess.Popen([sys.executable, "-c", SCRIPT + "log('run-1')"]) as process:
        pass
    run_script(CHILD_THAT_LOGS_ITS_NUMBER)
    first, second = sm_metrics.calls
    assert first.process_id == process.pid
    assert second.trial_component == f"run-{second.process_id}"


CHILD_THAT_LOGS_ITS_NUMBER = f"""
script = {SCRIPT!r} + "import os; log(f'run-{{os.getpid()}}')"
subprocess.run([sys.executable, "-c", script], check=True)
"""


@LINUX
def test_a_process_of_which_nothing_is_known(sm_metrics, monkeypatch):
    monkeypatch.setattr("pytest_sm_metrics.server.peers._TABLES", ("/proc/no such table",))
    run_script("log('run-1')")
    assert [call.process_id for call in sm_metrics.calls] == [os.getpid()]


@LINUX
def test_a_client_that_is_no_child(sm_metrics):
    """It is in this process, and a child has a copy of its connection."""
    server = urlsplit(endpoint_of_this_process())
    connection = HTTPConnection(server.hostname, server.port, timeout=20)
    with closing(connection):
        connection.connect()
        os.set_inheritable(connection.sock.fileno(), True)
        command = [sys.executable, "-c", "input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, close_fds=False) as child:
            connection.request("PUT", "/BatchPutMetrics", b"{}")
            connection.getresponse().read()
            child.communicate(b"\n")
    assert [call.process_id for call in sm_metrics.calls] == [os.getpid()]


@LINUX
def test_the_report_names_the_process(pytester):
    pytester.makepyfile(
        training=SCRIPT,
        test_it="""
        import subprocess, sys
        import pytest

        @pytest.mark.sm_metrics(child_processes="answer")
        def test_it(sm_metrics):
            script = "import training; training.log('run-1')"
            with subprocess.Popen([sys.executable, "-c", script]) as process:
                pass
            print(f"{process.pid=}")
            assert not sm_metrics.calls
        """,
    )
    result = pytester.runpytest_subprocess()
    [line] = [line for line in result.outlines if line.startswith("process.pid=")]
    number = line.partition("=")[2]
    result.stdout.fnmatch_lines(f"*BatchPutMetrics 'run-1' in us-east-1 from process {number}: *")


def test_credentials_of_other_services_are_as_before(sm_metrics):
    assert boto3.Session().get_credentials() is None
    s3 = boto3.client("s3", region_name="us-east-1")
    with pytest.raises(NoCredentialsError):
        s3.list_buckets()


def test_a_client_of_this_process_keeps_its_endpoint(sm_metrics):
    client = boto3.client("sagemaker-metrics", region_name="eu-west-1")
    put(client, "run-1", metric())
    assert client.meta.endpoint_url == "https://metrics.sagemaker.eu-west-1.amazonaws.com"
    assert sm_metrics.calls[0].process_id == os.getpid()


def test_what_is_configured_stays(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_sm_metrics(child_processes="answer") as sm_metrics:
        assert os.environ["AWS_REGION"] == "eu-west-1"
        assert os.environ["AWS_ACCESS_KEY_ID"] == "mine"
        assert "AWS_DEFAULT_REGION" not in os.environ
        assert boto3.Session().get_credentials().access_key == "mine"
        run_script("log('run-1')", AWS_DEFAULT_REGION="eu-west-1")
    assert sm_metrics["run-1"].region == "eu-west-1"


def test_credentials_of_a_profile_are_found(monkeypatch, tmp_path):
    shared = tmp_path / "credentials"
    shared.write_text("[default]\naws_access_key_id = mine\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    with mock_sm_metrics(child_processes="answer"):
        assert "AWS_ACCESS_KEY_ID" not in os.environ


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_environment_is_restored_in_any_order(order):
    before = now()
    mocks = [mock_sm_metrics(child_processes="answer").start() for _ in range(2)]
    for index in order:
        run_script(f"log('run-{index}')")
        mocks[index].stop()
    assert now() == before
    assert len(mocks[0].calls) + len(mocks[1].calls) == 2


def test_what_a_test_changes_meanwhile_stays():
    with ExitStack() as stack:
        stack.callback(os.environ.pop, "AWS_REGION", None)
        with mock_sm_metrics(child_processes="answer"):
            os.environ["AWS_REGION"] = "eu-west-1"
        assert os.environ["AWS_REGION"] == "eu-west-1"
        assert "AWS_ACCESS_KEY_ID" not in os.environ


@FORK
def test_a_nested_mock_that_refuses(sm_metrics):
    with (
        mock_sm_metrics() as refusing,
        ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool,
        pytest.raises(UnmockedCallError, match="forked from process"),
    ):
        pool.submit(log, "run-1").result(30)
    assert (sm_metrics.calls, refusing.calls) == ((), ())


def log_in_a_mock(run):
    """Answer a script in a mock of this process, then run another one. Return what the mock has."""
    script = f"log({run!r})"
    with mock_sm_metrics(child_processes="answer") as sm_metrics:
        run_script(script)
    run_script(script)
    return list(sm_metrics)


@FORK
def test_a_forked_child_with_a_mock_answers_its_children(sm_metrics):
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        assert pool.submit(log_in_a_mock, "run-1").result(60) == ["run-1"]
        assert pool.submit(log_in_a_mock, "run-2").result(60) == ["run-2"]
    assert [call.trial_component for call in sm_metrics.calls] == ["run-1", "run-2"]


def leave(mock):
    mock.stop()
    return log_in_a_mock("run-1")


@FORK
def test_a_forked_child_leaves_the_mock_of_its_parent():
    with ExitStack() as stack:
        sm_metrics = mock_sm_metrics(child_processes="answer").start()
        stack.callback(sm_metrics.stop)
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=lambda: theirs.send(leave(sm_metrics)))
        process.start()
        assert ours.poll(20)
        assert ours.recv() == ["run-1"]
        process.join(60)
        run_script("log('run-2')")
    assert "run-2" in sm_metrics


LAUNCHER = f"""
import os, subprocess, sys
script = {SCRIPT!r} + "import os; log(os.environ['RANK'])"
environs = [{{**os.environ, "RANK": f"run-{{rank}}"}} for rank in range(2)]
ranks = [subprocess.Popen([sys.executable, "-c", script], env=one) for one in environs]
sys.exit(any([one.wait() for one in ranks]))
"""


def test_a_launcher_of_processes(sm_metrics):
    subprocess.run([sys.executable, "-c", LAUNCHER], check=True, timeout=60)
    assert sorted(sm_metrics) == ["run-0", "run-1"]


@pytest.mark.parametrize("method", METHODS)
def test_clients_that_an_initializer_makes(sm_metrics, method):
    with multiprocessing.get_context(method).Pool(2, client_in, ["us-east-1"]) as pool:
        pool.map(log, ["run-1", "run-2", "run-3"])
    assert sorted(sm_metrics) == ["run-1", "run-2", "run-3"]


FORKSERVER = pytest.mark.skipif("forkserver" not in METHODS, reason="no forkserver here")


def endpoint_of_this_process():
    return os.environ.get("AWS_ENDPOINT_URL_SAGEMAKER_METRICS")


@FORKSERVER
def test_a_forkserver_that_is_older_than_the_mock():
    """It has the environment of its start, and so have the processes that it starts."""
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, context) as older:
        assert older.submit(endpoint_of_this_process).result(60) is None
        for run in ("run-1", "run-2"):
            with (
                mock_sm_metrics(child_processes="answer") as sm_metrics,
                ProcessPoolExecutor(1, context) as pool,
            ):
                pool.submit(log_with_a_new_client, run).result(60)
            assert list(sm_metrics) == [run]
        assert older.submit(endpoint_of_this_process).result(60) is None
    with ProcessPoolExecutor(1, context) as later:
        assert later.submit(endpoint_of_this_process).result(60) is None


@FORKSERVER
def test_a_pool_that_outlives_its_mock():
    context = multiprocessing.get_context("forkserver")
    with ExitStack() as stack:
        for run in ("run-1", "run-2"):
            with mock_sm_metrics(child_processes="answer") as sm_metrics:
                if run == "run-1":
                    pool = stack.enter_context(ProcessPoolExecutor(1, context))
                pool.submit(log_with_a_new_client, run).result(60)
            assert list(sm_metrics) == [run]


@FORK
def test_fifty_processes(sm_metrics):
    runs = [f"run-{number}" for number in range(50)]
    with multiprocessing.get_context("fork").Pool(50) as pool:
        pool.map(log, runs, chunksize=1)
    assert sorted(sm_metrics) == sorted(runs)


@FORK
def test_a_child_that_is_killed_while_it_calls(sm_metrics):
    with sm_metrics.hold_calls(trial_component="run-1") as held:
        process = multiprocessing.get_context("fork").Process(target=log, args=["run-1"])
        process.start()
        held.wait(1)
        process.kill()
        process.join(60)
    log("run-2")
    assert [call.trial_component for call in sm_metrics.calls] == ["run-1", "run-2"]


def log_when_released(connection):
    connection.recv()
    try:
        put(boto3.client("sagemaker-metrics", config=ONE_ATTEMPT), "run-1", metric())
    except Exception as error:
        connection.send(str(error))


ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})


@FORK
@pytest.mark.parametrize(
    ("fixture", "message"),
    [
        ("sm_metrics_endpoint", "while no mock of SageMaker Metrics was on"),
        ("tmp_path", 'Could not connect to the endpoint URL: "http://127.0.0.1:'),
    ],
)
def test_a_child_that_outlives_the_mock(request, fixture, message):
    request.getfixturevalue(fixture)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    with mock_sm_metrics(child_processes="answer"):
        process = context.Process(target=log_when_released, args=[theirs])
        process.start()
    ours.send("go on")
    assert ours.poll(20)
    assert message in ours.recv()
    process.join(60)


@FORK
def test_a_pool_that_is_older_than_the_mock(sm_metrics_endpoint, monkeypatch):
    for name, value in sm_metrics_endpoint.env.items():
        monkeypatch.setenv(name, value)
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        pool.submit(os.getpid).result(30)
        for run in ("run-1", "run-2"):
            with mock_sm_metrics() as sm_metrics:
                pool.submit(log_with_a_new_client, run).result(30)
            assert list(sm_metrics) == [run]


def test_a_proxy_is_passed_by(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com")
    with mock_sm_metrics(child_processes="answer") as sm_metrics:
        assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "example.com,127.0.0.1"
        run_script("log('run-1')")
    assert os.environ["no_proxy"] == "example.com"
    assert list(sm_metrics) == ["run-1"]


def test_a_botocore_that_reads_no_endpoints(monkeypatch):
    before = now()
    monkeypatch.delattr("botocore.configprovider.ConfiguredEndpointProvider")
    with pytest.raises(RuntimeError, match=r"needs botocore 1\.31 or later, and \d"):
        mock_sm_metrics(child_processes="answer").start()
    assert now() == before


def test_without_the_extra(pytester):
    pytester.makepyfile(
        """
        import sys
        import pytest
        from pytest_sm_metrics import current, mock_sm_metrics

        def test_it(monkeypatch):
            monkeypatch.setitem(sys.modules, "aiohttp", None)
            message = (
                'the setting child_processes="answer" needs the server, and the server of '
                "SageMaker Metrics needs aiohttp, which is not installed: "
                r"pip install 'pytest-sm-metrics\\[server\\]'"
            )
            with pytest.raises(ModuleNotFoundError, match=message):
                mock_sm_metrics(child_processes="answer").start()
            with pytest.raises(RuntimeError, match="no mock of SageMaker Metrics is on"):
                current()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("scope", ["", "_module"])
def test_the_marker(pytester, scope):
    pytester.makepyfile(
        training=SCRIPT,
        test_it=f"""
        import os, subprocess, sys
        import pytest

        pytestmark = pytest.mark.sm_metrics(child_processes="answer")

        @pytest.mark.parametrize("run", ["run-1", "run-2"])
        def test_it(sm_metrics{scope}, run):
            script = f"import training; training.log('{{run}}')"
            subprocess.run([sys.executable, "-c", script], check=True)
            assert sm_metrics{scope}[run]["loss"].values == [0.5]

        def test_afterwards(sm_metrics{scope}):
            pass

        def teardown_module():
            assert ("AWS_ACCESS_KEY_ID" in os.environ) is {bool(scope)}
        """,
    )
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=3)
