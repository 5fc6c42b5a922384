"""An error of the plugin's own does not end the run: tests are reported, and the error is, too."""

from __future__ import annotations

import importlib
import inspect
import sys

import pytest

import pytest_sm_metrics.plugin as plugin
from pytest_sm_metrics.plugin import each_fault

LAZY = ("asking", "attachments", "entries", "reporting", "results")
"""The modules that hooks import when they need them."""
OF_OTHER_RUNS = ("_without_group", "_has_group", "_subtest", "_description")
"""The functions for subtests, and for workers that crash."""
MODULES = sorted(
    {getattr(plugin, name).__module__ for name in plugin.__all__}
    | {importlib.import_module(f"{plugin.__name__}.{name}").__name__ for name in LAZY}
)
"""The modules with hooks, and with what they consist of."""
FUNCTIONS = [
    (module, name)
    for module in MODULES
    for name, value in vars(sys.modules[module]).items()
    if inspect.isfunction(value)
    and value.__module__ == module
    and not name.startswith("pytest_")
    and not module.endswith(".options")  # a project that is configured wrongly does not start
    and not module.endswith(".each_fault")  # see below
    and not hasattr(plugin, name)
    and name != "_shared_by"  # makes fixtures when it is imported
    and name not in OF_OTHER_RUNS
]
SOURCE = """
import pytest
from trainer import log

@pytest.fixture
def logging(sm_metrics):
    log("run-1", "epoch", 0)

def test_passes():
    pass

def test_fails():
    assert [1] == ["its own failure"]

def test_fails_with_a_mock(sm_metrics, logging):
    log("run-1", "loss", 0.5)
    assert list(sm_metrics) == ["its own failure"]

@pytest.mark.sm_metrics(metric_limit=1)
def test_passes_with_a_mock(logging, sm_metrics_module):
    assert log("run-1", "loss", 0.5)

def test_finding(sm_metrics):
    sm_metrics.fail_calls("ThrottlingException")

@pytest.mark.sm_metrics(mode="block")
def test_blocked():
    pass

def test_blocked_on_purpose(sm_metrics_blocked):
    assert sm_metrics_blocked == []

@pytest.mark.sm_metrics(mode="mock")
def test_skipped():
    pytest.skip("its own reason")
"""
TESTS = 8


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_the_run_goes_on_and_says_what_failed(project, monkeypatch, module, name):
    calls = []

    def broken(*args, **kwargs):
        calls.append(name)
        raise KeyError("broken on purpose")

    project.makepyfile(test_it=SOURCE, __init__="")
    with monkeypatch.context() as patched:
        function = vars(sys.modules[module])[name]
        for one in map(sys.modules.get, MODULES):
            if vars(one).get(name) is function:
                patched.setattr(one, name, broken)
        result = project.runpytest_inprocess("-rA", "--sm-metrics-report=report.json")
    output = result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in output
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert calls
    assert "broken on purpose" in output
    outcomes = result.parseoutcomes()
    done = sum(outcomes.get(kind, 0) for kind in ("passed", "failed", "skipped"))
    assert done + outcomes.get("errors", 0) >= TESTS
    if outcomes.get("passed") and not outcomes.get("errors"):
        assert "its own reason" in output
        assert output.count("its own failure") >= 2


@pytest.mark.parametrize(
    "name", [name for name, value in vars(each_fault).items() if inspect.isfunction(value)]
)
def test_an_error_of_the_marker_is_that_of_its_module(project, monkeypatch, name):
    def broken(*args, **kwargs):
        raise KeyError("broken on purpose")

    marked = """
import unittest, pytest

@pytest.mark.sm_metrics_each_fault(only="NotJSON")
def test_function(sm_metrics):
    pass

@pytest.mark.sm_metrics_each_fault(only="NotJSON")
class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mock(self, sm_metrics):
        pass

    def test_method(self):
        pass
"""
    project.makepyfile(test_it=SOURCE, test_marked=marked, __init__="")
    with monkeypatch.context() as patched:
        patched.setattr(each_fault, name, broken)
        result = project.runpytest_inprocess("-rA", "--continue-on-collection-errors")
    output = result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in output
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    if not name.startswith("pytest_"):
        assert "broken on purpose" in output
    assert "its own reason" in output
    assert output.count("its own failure") >= 2


@pytest.mark.parametrize("name", ["take", "take_findings", "stop_leftovers"])
def test_an_error_of_the_judge(project, monkeypatch, name):
    from pytest_sm_metrics.plugin.judge import Judge

    def broken(*args, **kwargs):
        raise KeyError("broken on purpose")

    project.makepyfile(test_it=SOURCE)
    with monkeypatch.context() as patched:
        patched.setattr(Judge, name, broken)
        result = project.runpytest_inprocess("-rA")
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert "broken on purpose" in result.stdout.str()
    assert "its own failure" in result.stdout.str()
