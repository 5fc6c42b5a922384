"""Modes, decorators, judging, Hypothesis and forked children in one offline suite."""

from __future__ import annotations

TESTS = """
import os, unittest, pytest
from tests.logging_metrics import INFINITE
from trainer import client as c
from pytest_sm_metrics import UnmockedCallError, current, mock_sm_metrics
def log(v=0.5): return c.batch_put_metrics(TrialComponentName="run-1", MetricData=[{"MetricName":"loss","Timestamp":0,"Value":v}])
def test_forgot(): log()
def test_swallow():
    try: log()
    except Exception: pass
@pytest.mark.sm_metrics(mode="mock")
def test_mock(): log(); assert current()["run-1"]["loss"].last == .5
@mock_sm_metrics
def test_deco(): log(); assert "run-1" in current()
@mock_sm_metrics(rejected_metrics="error")
class TestU(unittest.TestCase):
    def setUp(self): log()
    def test_a(self): assert len(current()["run-1"]["loss"]) == 1
    def test_rej(self): log(INFINITE)
@pytest.mark.sm_metrics(rejected_metrics="error")
def test_rejected(sm_metrics): log(INFINITE)
@pytest.mark.xfail(strict=True)
@pytest.mark.sm_metrics(rejected_metrics="error")
def test_xf(sm_metrics): log(INFINITE)
from hypothesis import given, strategies as st
@given(st.integers(0,9))
def test_h(sm_metrics, x): log(x); assert len(sm_metrics["run-1"]["loss"]) == 1
def test_fork(sm_metrics):
    pid = os.fork()
    if pid == 0:
        try: log()
        except UnmockedCallError: os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid,0)[1]) == 7
"""


def test_an_offline_suite(run):
    result = run(TESTS, "--sm-metrics-mode=block")
    result.assert_outcomes(failed=4, passed=5, xfailed=1)
    result.stdout.fnmatch_lines_random(
        [
            "*UnmockedCallError: BatchPutMetrics for trial component 'run-1' was called outside a mock*",
            "*- the test: test_it.py::test_forgot (call)",
            "- each raised an UnmockedCallError, which the code under test swallowed".join(["*", "*"]),
            '*turned off by @pytest.mark.sm_metrics(rejected_metrics="ignore")',
        ]
    )
