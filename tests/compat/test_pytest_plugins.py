"""Beside other plugins of pytest: state never leaks, faults repeat, coverage counts.

`.[test,compat]` brings all of them.
"""

from __future__ import annotations

import json

import pytest

from ..plugin.conftest import ITEMS
from ..reports.schema import validate

SUITE = """
import json
import os
from pathlib import Path

import freezegun
import pytest
from botocore.exceptions import ClientError
from pytest_sm_metrics import fail_metrics
from trainer import log

@pytest.fixture(autouse=True)
def seen(request, sm_metrics):
    assert not sm_metrics.calls
    with freezegun.freeze_time("2026-09-01 12:00"):
        yield
    seen = json.dumps([sm_metrics.to_dict(), [repr(fault) for fault in sm_metrics.faults]])
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    Path(os.environ["SEEN"], f"{request.node.name}.{worker}").write_text(seen)

@pytest.mark.parametrize("number", range(8))
def test_random_failures(number, sm_metrics):
    sm_metrics.fail_calls("InternalFailure", probability=0.5, optional=True)
    for step in range(6):
        try:
            log(f"run-{number}", "loss", step)
        except ClientError:
            pass

class TestShared:
    def test_one(self, sm_metrics_module, sm_metrics):
        log("run-1", "loss", 0.5)
        assert not sm_metrics_module.calls

    @pytest.mark.sm_metrics(metric_limit=1)
    def test_limit(self, sm_metrics):
        assert len(log("run-1", "loss", 0.5, 0.4)["Errors"]) == 1

@pytest.mark.xdist_group("one")
@pytest.mark.sm_metrics(faults=[fail_metrics("CONFLICT_ERROR", times=1)])
@pytest.mark.parametrize("number", range(2))
def test_a_fault_from_the_start(number):
    answer = log("run-1", "loss", 0.5, 0.4)
    assert answer["Errors"] == [{"Code": "CONFLICT_ERROR", "MetricIndex": 0}]
"""
TESTS = 12


@pytest.fixture
def seen(project, run_with, monkeypatch):
    """Run the suite, and return what each of its tests saw.

    Where two processes ran it, they saw the same.
    """
    project.makepyfile(test_it=SUITE)

    def run(plugins, *options, tests=TESTS):
        folder = project.mkdir(f"seen-{len(list(project.path.glob('seen-*')))}")
        monkeypatch.setenv("SEEN", str(folder))
        run_with(f"xdist {plugins}", *options).assert_outcomes(passed=tests)
        found = {}
        for path in folder.iterdir():
            test, data = path.name.partition(".")[0], json.loads(path.read_text())
            assert found.setdefault(test, data) == data
        return found

    return run


def test_what_each_test_of_the_suite_sees(seen):
    found = seen("")
    random = [
        tuple(call["error_code"] for call in found[f"test_random_failures[{number}]"][0]["calls"])
        for number in range(8)
    ]
    assert len(set(random)) > 1
    assert {"InternalFailure", None} == set(sum(random, ()))


@pytest.mark.parametrize(
    "dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal", "each", "no"]
)
def test_every_mode_of_xdist(seen, dist):
    workers = {"no": [], "each": ["--tx", "2*popen"]}.get(dist, ["-n", "2"])
    distributed = seen("", "--dist", dist, *workers, tests=TESTS * 2 if dist == "each" else TESTS)
    assert distributed == seen("")


def test_any_order(seen):
    pytest.importorskip("pytest_randomly", reason="needs the extra compat")
    in_order = seen("")
    assert seen("randomly", "--randomly-seed=1") == in_order
    assert seen("randomly", "--randomly-seed=2", "-n", "2") == in_order


def test_repetitions(seen):
    """Each is a separate test with its own node id, and repeats from run to run."""
    pytest.importorskip("pytest_repeat", reason="needs the extra compat")
    first = seen("repeat", "--count=3", tests=TESTS * 3)
    assert seen("repeat", "--count=3", "-n", "2", tests=TESTS * 3) == first
    repetitions = [first[f"test_random_failures[0-{number}-3]"][0]["calls"] for number in (1, 2, 3)]
    assert len({calls[0]["request_id"] for calls in repetitions}) == 3


RERUN = """
import pytest
from botocore.exceptions import ClientError
from trainer import log

tries = []

@pytest.mark.flaky(reruns=2)
def test_fails_twice(sm_metrics):
    tries.append(sm_metrics)
    assert not sm_metrics.calls
    sm_metrics.fail_calls("InternalFailure", probability=0.5, optional=True)
    for step in range(9):
        try:
            log(f"try-{len(tries)}", "loss", step)
        except ClientError:
            pass
    assert len(tries) == 3

def test_each_try_began_empty_and_saw_the_same():
    seen = [[(call.request_id, call.error_code) for call in one.calls] for one in tries]
    assert seen[0] == seen[1] == seen[2]
    assert [list(one) for one in tries] == [["try-1"], ["try-2"], ["try-3"]]

@pytest.mark.flaky(reruns=1)
def test_has_an_unused_fault_at_first(sm_metrics, times=[]):
    times.append(1)
    sm_metrics.fail_calls("InternalFailure", times=1, optional=len(times) > 1)

@pytest.mark.flaky(reruns=2)
def test_fails_always(sm_metrics, numbers=[]):
    numbers.append(1)
    log(f"try-{len(numbers)}", "loss", 0.5)
    assert False

@pytest.fixture
def fails_at_first(sm_metrics, set_up=[]):
    set_up.append(1)
    log("set-up", "loss", 0.5)
    assert len(set_up) > 1

@pytest.mark.flaky(reruns=1)
def test_set_up_anew(fails_at_first, sm_metrics):
    assert len(sm_metrics.calls) == 1
"""


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["in one process", "under xdist"])
def test_each_rerun_begins_empty(project, run_with, workers):
    pytest.importorskip("pytest_rerunfailures", reason="needs the extra compat")
    project.makepyfile(test_it=RERUN)
    result = run_with("xdist rerunfailures", *workers)
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"], outcomes["rerun"]) == (4, 1, 6)
    result.stdout.fnmatch_lines(["*SageMaker Metrics calls*", "*'try-3'*"])
    result.stdout.no_fnmatch_line("*'try-[12]'*")


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["in one process", "under xdist"])
def test_a_report_has_every_attempt(project, run_with, workers):
    pytest.importorskip("pytest_rerunfailures", reason="needs the extra compat")
    project.makepyfile(test_it=RERUN.replace("def test_each_try_began", "def not_a_test"))
    result = run_with("xdist rerunfailures", "--sm-metrics-report=report.json", *workers)
    run = json.loads((project.path / "report.json").read_text(encoding="utf-8"))
    validate(run)
    attempts = {}
    for test in run["tests"]:
        attempts.setdefault(test["test"].rpartition("::")[2], []).append(test)
    assert {name: [one["outcome"] for one in tests] for name, tests in attempts.items()} == {
        "test_fails_twice": ["rerun", "rerun", "passed"],
        "test_has_an_unused_fault_at_first": ["rerun", "passed"],
        "test_fails_always": ["rerun", "rerun", "failed"],
        "test_set_up_anew": ["rerun", "passed"],
    }
    calls = [one["mocks"][0]["calls"] for one in attempts["test_fails_always"]]
    assert [[call["names"] for call in made] for made in calls] == [
        ["'try-1'"],
        ["'try-2'"],
        ["'try-3'"],
    ]
    assert all("assert" in one["failure"] for one in attempts["test_fails_always"])
    total = run["counts"]["calls"]
    result.stdout.fnmatch_lines([f"SageMaker Metrics: 4 tests used a mock, {total} calls, *"])


def test_a_report_has_the_order_of_the_run(project, run_with):
    for module in ("pytest_randomly", "pytest_repeat"):
        pytest.importorskip(module, reason="needs the extra compat")
    project.makepyfile(
        """
        import pytest
        from trainer import log

        @pytest.mark.parametrize("number", range(5))
        def test_it(sm_metrics, number):
            log(f"run-{number}", "loss", number)
        """
    )
    orders = []
    for workers in ([], ["-n", "2"]):
        options = ("--count=2", "--randomly-seed=1", "--sm-metrics-report=report.json")
        run_with("xdist repeat randomly", *options, *workers)
        run = json.loads((project.path / "report.json").read_text(encoding="utf-8"))
        orders.append([test["test"] for test in run["tests"]])
    assert orders[0] == orders[1] != sorted(orders[0])
    assert len(set(orders[0])) == 10


TRIES = """
    tries = 0

    def runtest(self):
        from trainer import log
        from pytest_sm_metrics import current
        self.tries += 1
        log("run-1", "loss", 0.5)
        assert len(current().calls) == 1
        assert self.tries > 1
"""


def test_each_rerun_of_what_is_no_function_begins_empty(project, run_with):
    pytest.importorskip("pytest_rerunfailures", reason="needs the extra compat")
    project.makeconftest(ITEMS + TRIES)
    project.makefile(".yaml", it="")
    assert run_with("rerunfailures", "--reruns=1", "--sm-metrics-mode=mock").parseoutcomes() == {
        "passed": 1,
        "rerun": 1,
    }


SHARED = """
import pytest
import trainer
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings, strategies as st

trainer.client = trainer.boto3.client(
    "sagemaker-metrics",
    "us-east-1",
    aws_access_key_id="a",
    aws_secret_access_key="b",
    config=Config(retries={"mode": "standard"}),
)

def attempts(mock):
    before = len(mock.calls)
    with mock.fail_calls("InternalFailure"), pytest.raises(ClientError):
        trainer.log("run-1", "loss", 0.5)
    return len(mock.calls) - before

@pytest.mark.parametrize("number", range(60))
def test_shared(sm_metrics_session, number):
    assert attempts(sm_metrics_session) == 3

@settings(max_examples=60, database=None, deadline=None)
@given(st.integers(0, 10**6))
def test_each_example(sm_metrics, number):
    assert attempts(sm_metrics) == 3
"""


def test_tests_and_examples_that_share_a_client_have_its_whole_quota_of_retries(project, run_with):
    project.makepyfile(test_it=SHARED)
    run_with("hypothesispytest").assert_outcomes(passed=61)


TIMEOUT = """
import pytest
from pytest_sm_metrics import current
from trainer import log

pytestmark = pytest.mark.sm_metrics(concurrent_writes="conflict")

@pytest.mark.timeout(0.3, func_only=True)
def test_hangs(sm_metrics_module):
    sm_metrics_module.hold_calls(timeout=600, times=1)
    log("run-1", "loss", 0.5)

def test_the_next_one(sm_metrics_module):
    assert [call.error_code for call in sm_metrics_module.calls] == ["Failed"]
    assert log("run-1", "loss", 0.5)["Errors"] == []

@pytest.mark.timeout(0.3, func_only=True)
def test_waits_too_long(sm_metrics):
    sm_metrics.wait_for(lambda sm_metrics: "run-1" in sm_metrics, timeout=600)

def test_the_last_one(sm_metrics):
    assert not sm_metrics.calls
"""


def test_a_test_that_hangs_in_a_held_call(project, run_with):
    pytest.importorskip("pytest_timeout", reason="needs the extra compat")
    project.makepyfile(test_it=TIMEOUT)
    result = run_with("timeout", "--timeout-method=signal")
    result.assert_outcomes(failed=2, passed=2)
    result.stdout.fnmatch_lines(
        ["FAILED *test_hangs - Failed: Timeout*", "FAILED *test_waits_too_long - Failed: Timeout*"]
    )


def test_a_test_that_hangs_where_a_thread_ends_the_process(project, run_with):
    pytest.importorskip("pytest_timeout", reason="needs the extra compat")
    project.makepyfile(test_it=TIMEOUT)
    result = run_with("timeout", "--timeout-method=thread")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*Timeout*", "*in test_hangs"])


COVERED = """
import asyncio
import threading
from trainer import log

def at_once(run):
    return log(run, "loss", 0.5)

def in_a_thread(run):
    thread = threading.Thread(target=lambda: log(run, "loss", 0.5))
    thread.start()
    thread.join()

async def in_a_coroutine(run):
    await asyncio.to_thread(log, run, "loss", 0.5)

def when_it_fails(run):
    try:
        log(run, "loss", 0.5)
    except Exception:
        return "failed"

def never(run):
    return run
"""

COVERING = """
import asyncio
import threading
import covered
from pytest_sm_metrics import mock_sm_metrics

def test_fixture(sm_metrics):
    covered.at_once("run-1")
    sm_metrics.fail_calls("AccessDeniedException")
    assert covered.when_it_fails("run-1") == "failed"

@mock_sm_metrics
def test_decorator():
    covered.in_a_thread("run-1")

def test_context_manager():
    with mock_sm_metrics() as sm_metrics:
        with sm_metrics.hold_calls(trial_component="held") as held:
            thread = threading.Thread(target=covered.at_once, args=["held"])
            thread.start()
            held.wait()
            asyncio.run(covered.in_a_coroutine("run-1"))
        thread.join()
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["in one process", "under xdist"])
def test_coverage_counts_what_ran_inside_a_mock(project, run_with, workers):
    pytest.importorskip("pytest_cov", reason="needs the extra compat")
    project.makepyfile(covered=COVERED, test_it=COVERING)
    run_with(
        "xdist pytest_cov", "--cov=covered", "--cov-branch", "--cov-report=json", *workers
    ).assert_outcomes(passed=3)
    [found] = json.loads((project.path / "coverage.json").read_text())["files"].values()
    assert [COVERED.split("\n")[line].strip() for line in found["missing_lines"]] == ["return run"]
