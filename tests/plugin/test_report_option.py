"""`--sm-metrics-report`: the tests of a run as a file, whatever becomes of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ..reports.schema import validate

TWO = ("-p", "xdist", "-n", "2")
ALL_OUTCOMES = """
import unittest
import pytest
from trainer import log, INFINITE

def test_without():
    pass

def test_passed(sm_metrics):
    log("run-1", "loss", 0.5, 0.4)

def test_failed(sm_metrics):
    log("run-1", "loss", 0.5)
    assert 1 == 2, "its own failure"

@pytest.fixture
def broken(sm_metrics):
    log("run-1", "loss", 0.5)
    raise KeyError("in the set-up")

def test_broken_set_up(broken):
    pass

@pytest.fixture
def broken_at_the_end(sm_metrics):
    yield
    raise KeyError("in the teardown")

def test_broken_teardown(broken_at_the_end):
    log("run-1", "loss", 0.5)

def test_both(broken_at_the_end):
    assert 1 == 2, "its own failure"

def test_skipped(sm_metrics):
    pytest.skip("its own reason")

@pytest.mark.skip
def test_skipped_by_a_mark(sm_metrics):
    pass

@pytest.mark.xfail
def test_xfailed(sm_metrics):
    log("run-1", "loss", INFINITE)
    assert 1 == 2

@pytest.mark.xfail(strict=False)
def test_xpassed(sm_metrics):
    log("run-1", "loss", 0.5)

@pytest.mark.xfail(strict=True)
def test_xpassed_strictly(sm_metrics):
    log("run-1", "loss", 0.5)

@pytest.mark.sm_metrics(mode="block")
def test_blocked():
    with pytest.raises(RuntimeError):
        log("run-1", "loss", 0.5)

class TestCase(unittest.TestCase):
    def test_parts(self):
        from pytest_sm_metrics import mock_sm_metrics
        with mock_sm_metrics():
            for number in range(2):
                with self.subTest(number=number):
                    log("run-1", "loss", 0.5)
"""
OUTCOMES = {
    "test_passed": "passed",
    "test_failed": "failed",
    "test_broken_set_up": "error",
    "test_broken_teardown": "error",
    "test_both": "failed",
    "test_skipped": "skipped",
    "test_xfailed": "xfailed",
    "test_xpassed": "xpassed",
    "test_xpassed_strictly": "failed",
    "test_blocked": "failed",
    "test_parts": "passed",
}


def name_of(test):
    return test["test"].rpartition("::")[2]


def read(project, name="report.json"):
    run = json.loads((project.path / name).read_text(encoding="utf-8"))
    validate(run)
    return run


@pytest.fixture
def reported(project):
    """Run tests with a report, in another process; return the report."""

    def reported(source, *options, status=None, name="test_it"):
        project.makepyfile(**{name: source})
        result = project.runpytest_subprocess("--sm-metrics-report=report.json", *options)
        run = read(project)
        assert run["exit_status"] == result.ret
        assert status in (None, result.ret)
        assert "INTERNALERROR" not in result.stdout.str()
        return run

    return reported


@pytest.mark.parametrize("options", [(), TWO], ids=["plain", "xdist"])
def test_every_outcome(reported, options):
    run = reported(ALL_OUTCOMES, *options, status=1)
    assert {name_of(test): test["outcome"] for test in run["tests"]} == OUTCOMES
    assert [name_of(test) for test in run["tests"]] == list(OUTCOMES)
    assert run["tests_without_mock"] == 2
    assert run["outcomes"] == {
        outcome: list(OUTCOMES.values()).count(outcome) for outcome in set(OUTCOMES.values())
    }
    by_name = {name_of(test): test for test in run["tests"]}
    assert "its own failure" in by_name["test_failed"]["failure"]
    assert "in the set-up" in by_name["test_broken_set_up"]["failure"]
    for part in ("its own failure", "in the teardown"):
        assert part in by_name["test_both"]["failure"]
    assert by_name["test_passed"]["failure"] == by_name["test_xfailed"]["failure"] == ""
    [mock] = by_name["test_passed"]["mocks"]
    assert mock["series"][0]["values"] == [0.5, 0.4]
    assert by_name["test_passed"]["counts"] == {
        "calls": 1,
        "metrics": 2,
        "rejected": 0,
        "unread": 0,
    }
    assert by_name["test_xfailed"]["counts"]["unread"] == 1
    assert len(by_name["test_blocked"]["blocked_calls"]) == 1
    assert run["counts"]["calls"] == sum(test["counts"]["calls"] for test in run["tests"])
    assert all(bool(test["worker"]) == bool(options) for test in run["tests"])


SUBTESTS = """
import pytest
from trainer import log

def test_parts(sm_metrics, subtests):
    for number in range(2):
        with subtests.test("the part", number=number):
            log("run-1", "loss", 0.5)
            assert number != 1, "its own failure"
    with subtests.test():
        pytest.skip("its own reason")
    with subtests.test("expected"):
        pytest.xfail("its own reason")
"""


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="pytest before 9 has no subtests")
@pytest.mark.parametrize("options", [(), TWO], ids=["plain", "xdist"])
def test_subtests(reported, options):
    [test] = reported(SUBTESTS, *options, status=1)["tests"]
    assert test["outcome"] == "failed"
    outcomes = [one["outcome"] for one in test["subtests"]]
    assert outcomes == ["passed", "failed", "skipped", "xfailed"]
    descriptions = [one["description"] for one in test["subtests"]]
    assert descriptions[0].startswith("[the part] (number=")
    assert descriptions[2] == "(<subtest>)"
    assert "its own failure" in test["subtests"][1]["failure"]
    assert test["counts"]["calls"] == 2


MANY = """
import time
import pytest
from trainer import log

@pytest.mark.parametrize("number", range(12))
@pytest.mark.xdist_group("one")
def test_many(number, sm_metrics):
    time.sleep(0.05 if number % 3 == 0 else 0)
    log(f"run-{number}", "loss", number)

class TestOthers:
    @pytest.mark.parametrize("number", range(4))
    def test_other(self, number, sm_metrics):
        log(f"run-{number}", "loss", number)
"""


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadgroup", "worksteal"])
def test_the_order_is_that_of_the_collection(reported, dist):
    run = reported(MANY, *TWO, "--dist", dist, status=0)
    expected = [f"test_it.py::test_many[{number}]" for number in range(12)]
    expected += [f"test_it.py::TestOthers::test_other[{number}]" for number in range(4)]
    assert [test["test"] for test in run["tests"]] == expected
    for test in run["tests"]:
        [call] = test["mocks"][0]["calls"]
        assert call["names"].strip("'") in {f"run-{number}" for number in range(12)}


def test_each_worker_runs_all_tests(reported):
    run = reported(MANY, *TWO, "--dist", "each", status=0)
    assert [test["worker"] for test in run["tests"]] == ["gw0", "gw1"] * 16
    assert run["tests"][2]["test"] == run["tests"][3]["test"] == "test_it.py::test_many[1]"


CRASH = """
import os
import pytest
from trainer import log

@pytest.mark.parametrize("number", range(6))
@pytest.mark.xdist_group("one")
def test_crash(number, sm_metrics):
    log(f"run-{number}", "loss", number)
    if number == 2:
        os._exit(1)
"""


def test_a_worker_that_crashes(reported):
    run = reported(CRASH, *TWO, status=1)
    assert [name_of(test) for test in run["tests"]] == [f"test_crash[{n}]" for n in range(6)]
    outcomes = [test["outcome"] for test in run["tests"]]
    assert outcomes == ["passed", "passed", "crashed", "passed", "passed", "passed"]
    crashed = run["tests"][2]
    assert crashed["mocks"] == []
    assert "crashed while running" in crashed["failure"]
    assert crashed["worker"].startswith("gw")


def test_the_last_worker_crashes(reported):
    options = ("-p", "xdist", "-n", "1", "--dist", "loadgroup", "--max-worker-restart", "0")
    run = reported(CRASH, *options)
    assert [name_of(test) for test in run["tests"]] == [f"test_crash[{n}]" for n in range(3)]
    assert run["outcomes"] == {"passed": 2, "crashed": 1}


INTERRUPTED = """
import os, signal, threading, time
import pytest
from trainer import log
from pytest_sm_metrics import mock_sm_metrics

def test_before(sm_metrics):
    log("run-1", "loss", 0.5)

def test_interrupted(sm_metrics):
    log("run-1", "loss", 0.5)
    with mock_sm_metrics():
        log("run-2", "loss", 0.5)
        {how}

def test_after(sm_metrics):
    log("run-1", "loss", 0.5)
"""


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("raise KeyboardInterrupt", 2, "KeyboardInterrupt"),
        ("pytest.exit('enough')", 2, "Exit: enough"),
        ("pytest.exit('enough', returncode=7)", 7, "Exit: enough"),
    ],
)
def test_an_interrupted_run(reported, how, status, words):
    run = reported(INTERRUPTED.format(how=how), status=status)
    assert [test["outcome"] for test in run["tests"]] == ["passed", "interrupted"]
    interrupted = run["tests"][1]
    assert interrupted["failure"] == words
    assert interrupted["counts"]["calls"] == 2
    names = [call["names"] for mock in interrupted["mocks"] for call in mock["calls"]]
    assert names == ["'run-1'", "'run-2'"]


def test_a_worker_that_exits(reported):
    source = INTERRUPTED.format(how="pytest.exit('enough')")
    run = reported(source, "-p", "xdist", "-n", "1")
    assert [test["outcome"] for test in run["tests"]] == ["passed", "interrupted"]
    assert "Exit: enough" in run["tests"][1]["failure"]
    assert run["tests"][1]["counts"]["calls"] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("options", [(), TWO], ids=["plain", "xdist"])
def test_control_c(project, options):
    how = "open('ready', 'w').close(); time.sleep(60)"
    project.makepyfile(test_it=INTERRUPTED.format(how=how))
    command = [sys.executable, "-m", "pytest", *options, "--sm-metrics-report=report.json"]
    process = subprocess.Popen(command, cwd=project.path, start_new_session=True)
    ready = project.path / "ready"
    deadline = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == 2
    run = read(project)
    outcomes = {name_of(test): test["outcome"] for test in run["tests"]}
    assert outcomes["test_interrupted"] == "interrupted"
    assert run["exit_status"] == 2


@pytest.mark.parametrize("options", [(), TWO], ids=["plain", "xdist"])
@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_a_run_that_stops_at_a_failure(reported, options, option):
    run = reported(INTERRUPTED.format(how="assert 0"), option, *options)
    outcomes = {name_of(test): test["outcome"] for test in run["tests"]}
    assert outcomes["test_interrupted"] == "failed"


def test_a_run_with_an_internal_error(project):
    project.makeconftest(
        """
        def pytest_runtest_logfinish(nodeid):
            if "test_interrupted" in nodeid:
                raise KeyError("an error of another plugin")
        """
    )
    project.makepyfile(test_it=INTERRUPTED.format(how="pass"))
    result = project.runpytest_subprocess("--sm-metrics-report=report.json")
    assert result.ret == read(project)["exit_status"] == pytest.ExitCode.INTERNAL_ERROR
    assert [test["outcome"] for test in read(project)["tests"]] == ["passed", "passed"]


def test_shared_mocks(reported):
    source = """
    import pytest
    from trainer import log

    def test_first(sm_metrics_module):
        log("run-1", "loss", 0.5)

    def test_calls_it_all_the_same():
        log("run-1", "loss", 0.4, 0.3)

    def test_only_reads(sm_metrics_module):
        assert len(sm_metrics_module.calls) == 2

    def test_without():
        pass
    """
    run = reported(source, status=0)
    assert {name_of(test): test["counts"]["metrics"] for test in run["tests"]} == {
        "test_first": 1,
        "test_calls_it_all_the_same": 2,
        "test_only_reads": 0,
    }
    assert run["tests_without_mock"] == 1


def test_names_that_no_file_can_carry(reported):
    source = r"""
    import pytest
    from trainer import log

    @pytest.mark.parametrize("name", ["\x1b[31m", "\u202e", "<script>"])
    def test_it(sm_metrics, name):
        with pytest.raises(Exception, match="\ud800"):
            raise ValueError("\ud800")
        assert log("run-1", "loss", 0.5) == "\ud800</script>"
    """
    run = reported(source, *TWO, status=1)
    assert len(run["tests"]) == 3


# Several files, and wrong ones


def test_several_files(project):
    project.makepyfile(test_it=ALL_OUTCOMES)
    names = ["a.json", "b.JSON", "c.md", "d.html"]
    result = project.runpytest_subprocess(*(f"--sm-metrics-report={name}" for name in names))
    for name in names:
        result.stdout.fnmatch_lines([f"*- SageMaker Metrics report: *{name} -*"])
    assert (project.path / "c.md").read_text(encoding="utf-8").startswith("## SageMaker Metrics")
    assert "<!doctype html>" in (project.path / "d.html").read_text(encoding="utf-8").lower()
    assert read(project, "a.json") == read(project, "b.JSON")
    assert not [path for path in project.path.iterdir() if path.name.endswith(".tmp")]


def test_a_path_is_relative_to_the_folder_of_the_start(project, monkeypatch):
    project.makepyfile(test_it="def test_it(sm_metrics): ...")
    folder = project.mkdir("below")
    monkeypatch.chdir(folder)
    result = project.runpytest_inprocess("..", "--sm-metrics-report=../report.json")
    assert result.ret == 0
    assert len(read(project)["tests"]) == 1


@pytest.fixture
def refused(project):
    """Run with wrong reports; return the message. No test has run."""

    def refused(*paths):
        project.makepyfile(test_it="def test_it(): open('has_run', 'w')")
        options = [f"--sm-metrics-report={path}" for path in paths]
        result = project.runpytest_inprocess(*options)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert not (project.path / "has_run").exists()
        return result.stderr.str()

    return refused


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("run.htm", "has the unknown suffix '.htm'; did you mean '.html'? Accepted is a file that"),
        ("run.xml", "has the unknown suffix '.xml'"),
        ("run", "has no suffix. Accepted is a file that ends in .html, .json or .md"),
        ("absent/run.md", "which does not exist. Accepted"),
        ("test_it.py/run.md", "which is no folder. Accepted"),
        ("folder.md", "is a directory. Accepted"),
    ],
)
def test_a_wrong_path(project, refused, path, words):
    project.mkdir("folder.md")
    message = refused(path)
    assert f"--sm-metrics-report={path}: the report" in message
    assert str(project.path / path) in message
    assert words in message


def test_the_same_file_twice(project, refused):
    message = refused("run.md", project.path / "run.md")
    assert "is given twice" in message


@pytest.mark.parametrize("locked", ["report.json", "."])
def test_no_permission(project, refused, monkeypatch, locked):
    (project.path / "report.json").write_text("older")
    really, denied = os.access, (project.path / locked).resolve()
    monkeypatch.setattr(
        os, "access", lambda path, mode: path.resolve() != denied and really(path, mode)
    )
    assert "no permission to write" in refused("report.json")
    assert (project.path / "report.json").read_text() == "older"


def test_a_page_without_the_extra(refused, monkeypatch):
    really = importlib_find_spec()
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *more: None if name == "jinja2" else really(name)
    )
    assert "pip install 'pytest-sm-metrics[report]'" in refused("run.html")


def importlib_find_spec():
    import importlib.util

    return importlib.util.find_spec


def test_workers_do_not_check(project):
    project.makepyfile(test_it="def test_it(sm_metrics): ...")
    older = project.path / "report.json"
    older.write_text("older")
    result = project.runpytest_subprocess(*TWO, "--sm-metrics-report=report.json")
    assert result.ret == 0
    assert read(project)["tests"]


def test_a_collection_leaves_an_older_report(project):
    (project.path / "report.json").write_text("older")
    project.makepyfile(test_it="def test_it(sm_metrics): ...")
    result = project.runpytest_inprocess("--collect-only", "--sm-metrics-report=report.json")
    assert result.ret == 0
    assert (project.path / "report.json").read_text() == "older"


def test_a_run_without_tests(project):
    result = project.runpytest_inprocess("--sm-metrics-report=report.json")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    run = read(project)
    assert (run["tests"], run["exit_status"]) == ([], 5)


# A report that cannot be written


@pytest.mark.parametrize("passes", [True, False])
def test_a_failed_write_fails_the_run(project, passes):
    (project.path / "report.json").write_text("older")
    project.makeconftest(
        """
        import os

        def replace(source, target):
            raise OSError(28, "No space left on device")

        def pytest_sessionstart():
            os.replace = replace
        """
    )
    project.makepyfile(test_it=f"def test_it(sm_metrics): assert {passes}, 'its own failure'")
    options = ("--sm-metrics-report=report.json", "--sm-metrics-report=other.md")
    result = project.runpytest_subprocess("-p", "no:cacheprovider", *options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=int(passes), failed=int(not passes))
    result.stdout.fnmatch_lines(
        ["the report *report.json' could not be written: *No space left*", "the report *other.md*"]
    )
    assert ("its own failure" in result.stdout.str()) is not passes
    assert (project.path / "report.json").read_text() == "older"
    assert not (project.path / "other.md").exists()
    assert not [path for path in project.path.iterdir() if path.name.endswith(".tmp")]


def test_a_folder_that_a_test_removes(project):
    project.mkdir("reports")
    source = "import shutil\ndef test_it(sm_metrics): shutil.rmtree('reports')"
    project.makepyfile(test_it=source)
    result = project.runpytest_inprocess("--sm-metrics-report=reports/report.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["the report *could not be written*No such file*"])


def test_a_record_that_cannot_be_made_keeps_the_test(project, monkeypatch):
    from pytest_sm_metrics.reports import record

    def broken(*args, **kwargs):
        raise KeyError("broken on purpose")

    project.makepyfile(test_it="def test_it(sm_metrics): ...")
    monkeypatch.setattr(record, "record_test", broken)
    result = project.runpytest_inprocess("--sm-metrics-report=report.json")
    assert result.ret == 0
    [test] = read(project)["tests"]
    assert (test["outcome"], test["mocks"]) == ("passed", [])
    assert "broken on purpose" in test["failure"]


@pytest.mark.parametrize("options", [(), TWO], ids=["plain", "xdist"])
def test_other_plugins_do_not_see_the_attachment(project, options):
    project.makeconftest(
        """
        import os

        def pytest_runtest_logreport(report):
            if "PYTEST_XDIST_WORKER" not in os.environ:
                assert "sm_metrics" not in vars(report)
        """
    )
    project.makepyfile(test_it="def test_it(sm_metrics): ...")
    result = project.runpytest_subprocess(*options, "--sm-metrics-report=report.json")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_nothing_is_collected_without_the_option(project):
    project.makepyfile(
        """
        import sys

        def test_it(sm_metrics):
            pass

        def test_modules():
            assert "pytest_sm_metrics.plugin.attachments" in sys.modules
            for name in ("plugin.entries", "reports.files", "reports.html", "reports.markdown"):
                assert f"pytest_sm_metrics.{name}" not in sys.modules
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=2)
