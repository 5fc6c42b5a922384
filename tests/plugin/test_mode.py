"""sm_metrics_mode, --sm-metrics-mode and mode= of the marker, for tests that ask for no mock."""

from __future__ import annotations

import pytest

from pytest_sm_metrics.activation.activation import active_mocks

from .conftest import ITEMS

OFFLINE = """
import threading
import pytest
from trainer import log

def test_asks_for_a_mock(sm_metrics):
    log("run-1", "loss", 0.5)

def test_forgot_to():
    log("run-1", "loss", 0.5)

def test_forgot_to_and_swallows():
    try:
        log("run-2", "loss", 0.5)
    except Exception:
        pass

def test_forgot_to_in_a_thread():
    thread = threading.Thread(target=test_forgot_to_and_swallows, name="uploader")
    thread.start()
    thread.join()

def test_logs_nothing():
    pass
"""


def test_one_forgotten_test(run):
    result = run(OFFLINE, "--sm-metrics-mode=block")
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines_random(
        [
            "E  *UnmockedCallError: BatchPutMetrics for trial component 'run-1' was called "
            "outside a mock of SageMaker Metrics, "
            "and blocked; it did not reach AWS",
            "E  * - the test: test_it.py::test_forgot_to (call)",
            "E  * - to have it answered: ask for the fixture sm_metrics; or enter "
            "mock_sm_metrics()",
            '*turned off by @pytest.mark.sm_metrics(mode="off")*',
            "FAILED test_it.py::test_forgot_to_and_swallows - Failed: 1 call outside a *",
            "FAILED test_it.py::test_forgot_to_in_a_thread - Failed: 1 call outside a *",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "1 call outside a mock of SageMaker Metrics was blocked",
            "  - BatchPutMetrics for trial component 'run-2' (call): 1 time",
            "  - each raised an UnmockedCallError, which did not fail the test",
            "the test itself passed",
        ]
    )


@pytest.mark.parametrize(
    ("ini", "option", "marker", "holds"),
    [
        (None, None, None, "off"),
        ("block", None, None, "block"),
        ("mock", None, None, "mock"),
        ("mock", "block", None, "block"),
        ("mock", "block", "off", "off"),
        (None, None, "block", "block"),
        ("block", "off", "mock", "mock"),
    ],
)
def test_the_marker_over_the_command_line_over_ini(project, ini, option, marker, holds):
    if ini:
        project.makeini(f"[pytest]\nsm_metrics_mode = {ini}")
    project.makepyfile(
        f"""
        import pytest
        from botocore.exceptions import EndpointConnectionError
        from trainer import log
        from pytest_sm_metrics import UnmockedCallError

        {f"pytestmark = pytest.mark.sm_metrics(mode={marker!r})" if marker else ""}

        def test_it(monkeypatch):
            def refuse(*args):
                raise OSError("on its way to AWS")
            monkeypatch.setattr("socket.socket.connect", refuse)
            try:
                log("run-1", "loss", 0.5)
                found = "mock"
            except UnmockedCallError:
                found = "block"
            except EndpointConnectionError:
                found = "off"
            if {holds!r} == "block":
                pytest.xfail("blocked" if found == "block" else found)
            assert found == {holds!r}
        """
    )
    result = project.runpytest_inprocess(*([f"--sm-metrics-mode={option}"] if option else []))
    result.assert_outcomes(**{"xfailed" if holds == "block" else "passed": 1})


@pytest.mark.parametrize("options", [["--sm-metrics-mode=on"], ["-o", "sm_metrics_mode=on"]])
def test_a_wrong_one_is_refused(project, options):
    result = project.runpytest_inprocess(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    shown = result.stderr.str().replace("'", '"')
    assert '"on"' in shown
    assert all(f'"{mode}"' in shown or f" {mode}" in shown for mode in ("off", "block", "mock"))


class TestBlock:
    @pytest.mark.parametrize(
        "options", [[], ["-p", "xdist", "-n", "1"]], ids=["alone", "under xdist"]
    )
    def test_every_phase_and_what_lies_between(self, project, options, monkeypatch):
        monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
        project.makeconftest(
            """
            import atexit, os
            import pytest
            from trainer import log
            from pytest_sm_metrics import UnmockedCallError

            def blocked(when):
                message = "BatchPutMetrics for trial component"
                with pytest.raises(UnmockedCallError, match=message) as raised:
                    log(when, "loss", 0.5)
                with open("blocked", "a") as lines:
                    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
                    error = raised.value
                    call = error.operation, error.trial_component, error.test
                    print(worker, when, *call, file=lines)

            blocked("conftest")
            atexit.register(blocked, "exit")

            def pytest_configure():
                blocked("configure")

            def pytest_sessionstart():
                blocked("start")

            def pytest_runtest_logfinish(nodeid):
                blocked("between")

            def pytest_sessionfinish():
                blocked("finish")

            def pytest_unconfigure():
                blocked("unconfigure")
            """
        )
        project.makepyfile("from conftest import blocked\nblocked('import')\ndef test_it(): ...")
        project.runpytest_subprocess("--sm-metrics-mode=block", *options).assert_outcomes(passed=1)
        phases = [
            "conftest",
            "configure",
            "start",
            "import",
            "between",
            "finish",
            "unconfigure",
            "exit",
        ]
        worker = "gw0" if options else ""
        seen = project.path.joinpath("blocked").read_text(encoding="utf-8").splitlines()
        assert [line for line in seen if line.startswith(worker)] == [
            f"{worker} {when} BatchPutMetrics {when} None" for when in phases
        ]

    def test_a_thread_that_outlives_the_tests(self, project):
        project.makepyfile(
            """
            import threading
            from trainer import log

            def upload():
                threading.main_thread().join()
                try:
                    log("run-1", "loss", 0.5)
                except Exception as error:
                    print("late", type(error).__name__, flush=True)

            def test_it(sm_metrics):
                threading.Thread(target=upload).start()
            """
        )
        result = project.runpytest_subprocess("-s", "--sm-metrics-mode=block")
        result.stdout.fnmatch_lines(["late UnmockedCallError"])

    def test_the_block_ends_with_a_run_within_a_process(self, project):
        project.makepyfile(
            test_inner="def test_it(): ...",
            outer="""
            import pytest
            from botocore.exceptions import EndpointConnectionError
            from trainer import log

            assert pytest.main(["test_inner.py", "--sm-metrics-mode=block"]) == 0

            def refuse(*args):
                raise OSError("on its way to AWS")

            with pytest.MonkeyPatch.context() as patch, pytest.raises(EndpointConnectionError):
                patch.setattr("socket.socket.connect", refuse)
                log("run-1", "loss", 0.5)
            """,
        )
        assert project.runpython(project.path / "outer.py").ret == 0

    def test_what_hides_the_running_test_hides_nothing(self, run):
        result = run(
            """
            import contextlib, os, pytest
            from unittest import mock
            from trainer import log

            def swallow():
                with contextlib.suppress(Exception):
                    log("run-1", "loss", 0.5)

            def test_environment_cleared():
                with mock.patch.dict(os.environ, clear=True):
                    swallow()

            def test_another_run(tmp_path):
                tmp_path.joinpath("test_inner.py").write_text("def test_it(): ...")
                arguments = [str(tmp_path), "-p", "no:cacheprovider", "--sm-metrics-mode=off"]
                assert pytest.main(arguments) == 0
                swallow()
            """,
            "--sm-metrics-mode=block",
        )
        result.assert_outcomes(failed=2)

    def test_a_fixture_of_a_wider_scope(self, run):
        result = run(
            """
            import pytest
            from trainer import log

            @pytest.fixture(scope="module")
            def trainer():
                log("run-1", "loss", 0.5)

            def test_it(trainer, sm_metrics): ...
            """,
            "--sm-metrics-mode=block",
        )
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(
            [
                "E  *UnmockedCallError: *",
                "E  * - the test: test_it.py::test_it (setup)",
                "E  * - to have it answered: ask for the fixture sm_metrics, or for "
                "sm_metrics_class, _module, *",
            ]
        )

    def test_what_only_a_teardown_shows_is_an_error_there(self, run):
        result = run(
            """
            import contextlib, pytest
            from trainer import log

            @pytest.fixture
            def trainer():
                yield
                with contextlib.suppress(Exception):
                    log("run-1", "loss", 0.5)

            def test_it(trainer): ...
            """,
            "--sm-metrics-mode=block",
        )
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(
            [
                "*ERROR at teardown of test_it*",
                "1 call outside a mock of SageMaker Metrics was blocked",
            ]
        )

    def test_a_late_thread(self, project):
        project.makepyfile(
            """
            import threading
            import pytest
            from trainer import log
            from pytest_sm_metrics import UnmockedCallError

            late, errors = threading.Event(), []

            def upload():
                late.wait(10)
                try:
                    log("run-1", "loss", 0.5)
                except Exception as error:
                    errors.append(error)

            thread = threading.Thread(target=upload)

            def test_starts_it(sm_metrics):
                thread.start()

            def test_nothing_of_it_is_here(sm_metrics):
                [error] = errors
                assert isinstance(error, UnmockedCallError)
                assert "no test ran at that moment, in the thread" in str(error)
                assert not sm_metrics.calls
            """
        )
        project.makeconftest(
            """
            def pytest_runtest_logfinish(nodeid):
                import test_a_late_thread as tests
                tests.late.set()
                tests.thread.join()
            """
        )
        result = project.runpytest_inprocess("--sm-metrics-mode=block")
        result.assert_outcomes(passed=2)
        assert result.ret == 1
        result.stdout.fnmatch_lines(
            ["*for trial component 'run-1' (outside of tests, in the thread '*'): 1 time"]
        )

    def test_a_retry_that_comes_when_the_mock_is_off(self, run):
        result = run(
            """
            import pytest
            import trainer
            from botocore.config import Config
            from pytest_sm_metrics import mock_sm_metrics

            def test_it(monkeypatch):
                sm_metrics = mock_sm_metrics().start()
                sm_metrics.fail_calls("ThrottlingException", times=1)
                keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
                client = trainer.boto3.client("sagemaker-metrics", "us-east-1", **keys)
                client.meta.events.register_last("needs-retry", lambda **_: sm_metrics.stop())
                monkeypatch.setattr(trainer, "client", client)
                try:
                    trainer.log("run-1", "loss", 0.5)
                except Exception:
                    pass
            """,
            "--sm-metrics-mode=block",
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["1 call outside a mock of SageMaker Metrics was blocked"])

    def test_a_failing_test_keeps_its_own_failure(self, run):
        result = run(
            """
            import contextlib
            import pytest
            from trainer import log

            def swallow():
                with contextlib.suppress(Exception):
                    log("run-1", "loss", 0.5)

            def test_fails():
                swallow()
                assert "its own" == "failure"

            def test_skips():
                swallow()
                pytest.skip("its own reason")

            @pytest.fixture
            def broken():
                swallow()
                raise KeyError("its own error")

            def test_never_runs(broken): ...
            """,
            "--sm-metrics-mode=block",
        )
        result.assert_outcomes(failed=1, skipped=1, errors=2)
        result.stdout.no_fnmatch_line("*the test itself passed*")
        result.stdout.fnmatch_lines(["*ERROR at teardown of test_skips*"])

    def test_what_never_leaves_the_machine_passes(self, project):
        project.makepyfile(
            """
            import threading
            from http.server import BaseHTTPRequestHandler, HTTPServer
            import boto3, pytest
            from botocore.stub import Stubber

            KEYS = dict(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
            METRIC = {"MetricName": "loss", "Timestamp": 0, "Step": 0, "Value": 0.5}

            def log(client):
                return client.batch_put_metrics(TrialComponentName="run-1", MetricData=[METRIC])

            def test_stubber():
                client = boto3.client("sagemaker-metrics", **KEYS)
                with Stubber(client) as stubber:
                    errors = [{"Code": "CONFLICT_ERROR", "MetricIndex": 0}]
                    stubber.add_response("batch_put_metrics", {"Errors": errors})
                    assert log(client)["Errors"][0]["Code"] == "CONFLICT_ERROR"

            @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
            def test_loopback(host):
                class Service(BaseHTTPRequestHandler):
                    def do_PUT(self):
                        self.rfile.read(int(self.headers["Content-Length"]))
                        self.send_response(200)
                        self.end_headers()
                        self.wfile.write(b'{"Errors": []}')

                    def log_message(self, *args): ...

                with HTTPServer((host, 0), Service) as server:
                    thread = threading.Thread(target=server.handle_request)
                    thread.start()
                    url = f"http://{host}:{server.server_port}"
                    client = boto3.client("sagemaker-metrics", endpoint_url=url, **KEYS)
                    assert log(client)["Errors"] == []
                    thread.join()
            """
        )
        result = project.runpytest_subprocess("--sm-metrics-mode=block")
        result.assert_outcomes(passed=3)

    def test_nothing_needs_to_be_configured_to_be_blocked(self, run, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "nowhere")
        result = run(
            """
            import boto3, pytest
            from pytest_sm_metrics import UnmockedCallError

            def test_it():
                client = boto3.client("sagemaker-metrics")
                data = [{"MetricName": "loss", "Timestamp": 0, "Value": 0.5}]
                client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
            """,
            "--sm-metrics-mode=block",
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E  *UnmockedCallError: *"])


class TestMock:
    def test_a_test_that_asks_for_none_runs_inside_one(self, run):
        result = run(
            """
            import unittest
            import pytest
            from trainer import log
            from pytest_sm_metrics import current, mock_sm_metrics

            @pytest.fixture
            def trainer():
                log("run-1", "set-up", 0.5)
                yield
                log("run-1", "teardown", 0.5)

            def test_function(trainer):
                assert list(current()["run-1"]) == ["set-up"]

            @pytest.mark.parametrize("number", [1, 2])
            def test_each_starts_empty(number):
                assert not current().calls
                log("run-1", "loss", number)

            @pytest.mark.sm_metrics(metric_limit=1)
            def test_settings():
                errors = log("run-1", "loss", 1, 2)["Errors"]
                assert errors == [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 1}]

            class TestCase(unittest.TestCase):
                def setUp(self):
                    log("run-1", "loss", 1)

                def test_it(self):
                    self.assertEqual(len(current()["run-1"]["loss"]), 1)

            class TestClass:
                def test_it(self):
                    log("run-1", "loss", 1)

            def test_with_a_shared_one_has_no_other(sm_metrics_module):
                assert current() is sm_metrics_module

            def test_one_inside_it():
                with mock_sm_metrics() as sm_metrics:
                    log("run-1", "loss", 1)
                assert not current().calls and sm_metrics.calls
            """,
            "--sm-metrics-mode=mock",
        )
        result.assert_outcomes(passed=8)

    def test_a_doctest(self, project):
        project.makepyfile(
            '''
            """
            >>> from trainer import log
            >>> from pytest_sm_metrics import current
            >>> log("run-1", "loss", 0.5)["Errors"]
            []
            >>> current()["run-1"]["loss"].last
            0.5
            """
            '''
        )
        project.runpytest_inprocess("--sm-metrics-mode=mock", "--doctest-modules").assert_outcomes(
            passed=1
        )

    def test_a_test_that_is_no_function(self, project):
        project.makeconftest(
            ITEMS
            + """
    def runtest(self):
        from trainer import INFINITE, log
        log("run-1", "loss", INFINITE)
        from pytest_sm_metrics import current
        assert len(current().calls) == 1
"""
        )
        project.makefile(".yaml", test="it: []")
        project.runpytest_inprocess("--sm-metrics-mode=mock").assert_outcomes(passed=1)
        result = project.runpytest_inprocess(
            "--sm-metrics-mode=mock", "-o", "sm_metrics_rejected_metrics=error"
        )
        result.assert_outcomes(failed=1)

    def test_a_test_that_is_no_function_and_ends_the_session(self, project):
        project.makeconftest(ITEMS + "    def runtest(self): pytest.exit('over')")
        project.makefile(".yaml", test="it: []")
        before = active_mocks()
        project.runpytest_inprocess("--sm-metrics-mode=mock")
        assert active_mocks() == before

    def test_outside_a_test_calls_are_blocked(self, run):
        result = run(
            """
            import pytest
            from trainer import log

            @pytest.fixture(scope="module")
            def trainer():
                log("run-1", "loss", 0.5)

            def test_it(trainer): ...
            """,
            "--sm-metrics-mode=mock",
        )
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["E  *UnmockedCallError: *"])


class TestOff:
    def test_it_touches_nothing(self, project):
        project.makepyfile(
            """
            import sys
            def test_it():
                assert "botocore" not in sys.modules
            """
        )
        project.runpytest_subprocess("--sm-metrics-mode=off").assert_outcomes(passed=1)

    def test_by_a_marker_in_a_suite_that_blocks(self, run):
        result = run(
            """
            import pytest
            from botocore.exceptions import EndpointConnectionError
            from trainer import log

            @pytest.mark.sm_metrics(mode="off")
            def test_it(monkeypatch):
                def refuse(*args):
                    raise OSError("on its way to AWS")
                monkeypatch.setattr("socket.socket.connect", refuse)
                with pytest.raises(EndpointConnectionError):
                    log("run-1", "loss", 0.5)

            @pytest.mark.xfail(strict=True, raises=RuntimeError)
            def test_the_next_is_blocked():
                log("run-1", "loss", 0.5)
            """,
            "--sm-metrics-mode=block",
        )
        result.assert_outcomes(passed=1, xfailed=1)
