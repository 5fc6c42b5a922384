"""@pytest.mark.sm_metrics_each_fault: one test for each way in which the service can fail."""

from __future__ import annotations

import pytest

UPLOAD = """
import pytest
from trainer import client, log
from botocore.exceptions import BotoCoreError, ClientError

def upload(*values):
    for value in values:
        for _ in range(9):
            try:
                if not log("run-1", "loss", value).get("Errors", True):
                    break
            except (BotoCoreError, ClientError):
                pass
"""


def test_one_test_becomes_one_for_each_failure(run):
    result = run(
        UPLOAD
        + """
@pytest.mark.sm_metrics_each_fault
def test_nothing_is_lost(sm_metrics):
    upload(0.5)
    assert 0.5 in sm_metrics["run-1"]["loss"].values

@pytest.mark.sm_metrics_each_fault
def test_nothing_is_doubled(sm_metrics):
    upload(0.5)
    assert sm_metrics["run-1"]["loss"].values == [0.5]
""",
        "-rA",
        "--strict-markers",
    )
    result.stdout.fnmatch_lines_random(
        [
            "PASSED *::test_nothing_is_lost?CONFLICT_ERROR?",
            "PASSED *::test_nothing_is_lost?ThrottlingException?",
            "PASSED *::test_nothing_is_lost?ReadTimeoutError-stored?",
            "PASSED *::test_nothing_is_doubled?ReadTimeoutError?",
            "FAILED *::test_nothing_is_doubled?ReadTimeoutError-stored?*",
        ]
    )
    result.stdout.no_fnmatch_line("*AccessDeniedException*")


def test_a_failure_that_never_happens_skips_the_case(run):
    result = run(
        UPLOAD
        + """
@pytest.mark.sm_metrics_each_fault(only=["CONFLICT_ERROR", "query-Truncated"], after=range(3))
def test_it(sm_metrics):
    upload(0.5, 0.25)
""",
        "-rs",
    )
    result.assert_outcomes(passed=2, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "SKIPPED*test_it.py:*CONFLICT_ERROR-after-2 never happened: the test made 2 calls",
            "SKIPPED*query-Truncated-after-0 never happened: the test made 2 calls",
        ]
    )


def test_a_test_that_fails_by_itself_is_not_skipped(run):
    result = run(
        UPLOAD
        + """
@pytest.mark.sm_metrics_each_fault(only="query-Truncated")
def test_it(sm_metrics):
    assert 0
"""
    )
    result.assert_outcomes(failed=1)


def test_lasting_failures_on_request(run):
    result = run(
        UPLOAD
        + """
@pytest.mark.sm_metrics_each_fault(transient=False, times=None, without="ExpiredTokenException")
def test_it(sm_metrics):
    with pytest.raises(ClientError, match="not authorized|token included"):
        log("run-1", "loss", 0.5)
""",
        "-k",
        "AccessDenied or ExpiredToken or UnrecognizedClient",
    )
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes.get("failed")) == (2, None)


class TestComposition:
    def test_with_parametrize_classes_and_settings(self, run):
        result = run(
            UPLOAD
            + """
@pytest.mark.sm_metrics(metric_limit=1)
@pytest.mark.sm_metrics_each_fault(only=["CONFLICT_ERROR", "NotJSON"])
class TestIt:
    @pytest.mark.parametrize("value", [1, 2])
    def test_it(self, sm_metrics, value):
        upload(value)
        assert log("run-1", "loss", 0.5)["Errors"][0]["Code"] == "METRIC_LIMIT_EXCEEDED"

    def test_other(self, sm_metrics):
        upload(1)
""",
            "-v",
        )
        result.assert_outcomes(passed=6)

    def test_the_nearest_marker_wins(self, run):
        result = run(
            UPLOAD
            + """
pytestmark = pytest.mark.sm_metrics_each_fault(only="NotJSON")

@pytest.mark.sm_metrics_each_fault(only=["CONFLICT_ERROR", "BadGateway"])
def test_nearer(sm_metrics):
    upload(1)

def test_farther(sm_metrics):
    upload(1)
"""
        )
        result.assert_outcomes(passed=3)

    def test_faults_of_the_settings_come_first(self, run):
        result = run(
            UPLOAD
            + """
from pytest_sm_metrics import fail_calls

@pytest.mark.sm_metrics(faults=[fail_calls("AccessDeniedException", times=1)])
@pytest.mark.sm_metrics_each_fault(only="CONFLICT_ERROR")
def test_it(sm_metrics):
    upload(1)
    assert [call.error_code for call in sm_metrics.calls] == ["AccessDeniedException", None, None]
"""
        )
        result.assert_outcomes(passed=1)

    @pytest.mark.usefixtures("with_hypothesis")
    def test_with_hypothesis(self, run):
        result = run(
            UPLOAD
            + """
from hypothesis import given, strategies as st

@pytest.mark.sm_metrics_each_fault(only=["CONFLICT_ERROR", "query-Truncated"])
@given(st.lists(st.integers(0, 9), max_size=3))
def test_it(sm_metrics, values):
    upload(*values)
    held = sm_metrics["run-1"]["loss"].values if values else []
    assert held == values
    if values and sm_metrics.faults[0].name == "CONFLICT_ERROR":
        assert sm_metrics.faults[0].hits == 1  # in each example
"""
        )
        result.assert_outcomes(passed=1, skipped=1)

    def test_with_a_test_case_of_unittest(self, run):
        result = run(
            UPLOAD
            + """
import unittest

class Base(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mock(self, sm_metrics):
        self.sm_metrics = sm_metrics

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

    def setUp(self):
        super().setUp()
        upload(0.25)

@pytest.mark.sm_metrics_each_fault(only=["CONFLICT_ERROR", "ReadTimeoutError-stored"])
class TestAll(Base):
    def test_it(self):
        upload(0.5)
        self.assertEqual(self.sm_metrics["run-1"]["loss"].values, [0.25, 0.5])

class TestSome(Base):
    @pytest.mark.sm_metrics_each_fault(only=["CONFLICT_ERROR", "query-Truncated"])
    def test_it(self):
        self.assertIn("CONFLICT", self.sm_metrics.faults[0].name)

    def test_plain(self):
        self.assertEqual(self.sm_metrics.faults, [])
""",
            "-v",
        )
        result.assert_outcomes(passed=3, failed=2)
        result.stdout.fnmatch_lines_random(
            [
                "*TestAll::test_it?CONFLICT_ERROR?*",
                "*TestAll::test_it?ReadTimeoutError-stored?*",
                "*TestSome::test_plain*",
            ]
        )

    def test_node_ids_select(self, project):
        project.makepyfile(
            test_it=UPLOAD
            + """
import unittest

@pytest.mark.sm_metrics_each_fault
def test_function(sm_metrics):
    upload(1)

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mock(self, sm_metrics):
        pass

    @pytest.mark.sm_metrics_each_fault
    def test_method(self):
        upload(1)
"""
        )
        ids = [
            "test_it.py::test_function[NotJSON]",
            "test_it.py::TestCase::test_method[BadGateway]",
        ]
        project.runpytest_inprocess(*ids).assert_outcomes(passed=2)

    def test_every_fault_with_parametrize(self, run):
        result = run(
            UPLOAD
            + """
from pytest_sm_metrics import every_fault, mock_sm_metrics

@pytest.mark.parametrize("fault", every_fault(only=["CONFLICT_ERROR", "NotJSON"], after=range(2)))
def test_it(fault):
    with mock_sm_metrics(faults=[fault]) as sm_metrics:
        upload(0.5)
        assert sm_metrics["run-1"]["loss"].values == [0.5]
""",
            "-v",
        )
        result.assert_outcomes(passed=4)
        result.stdout.fnmatch_lines_random(["*test_it?NotJSON-after-1?*"])

    def test_mode_mock(self, project):
        project.makepyfile(
            test_it=UPLOAD
            + """
@pytest.mark.sm_metrics_each_fault(only=["CONFLICT_ERROR", "query-Truncated"])
def test_it():
    upload(0.5)
"""
        )
        result = project.runpytest_inprocess("--sm-metrics-mode=mock")
        result.assert_outcomes(passed=1, skipped=1)


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ('only="ThrotlingException"', "*did you mean 'ThrottlingException'*"),
            ("'NotJSON'", "*it takes only, without, times, after and transient as keywords*"),
            ("faults=[]", "*unexpected keyword argument 'faults'*"),
            ("after=-1", "*after is -1; accepted is a whole number from 0*"),
        ],
    )
    @pytest.mark.parametrize("base", ["object", "unittest.TestCase"])
    def test_wrong_arguments_at_collection(self, project, arguments, message, base):
        project.makepyfile(
            test_it=f"""
import unittest, pytest

class TestIt({base}):
    @pytest.mark.sm_metrics_each_fault({arguments})
    def test_it(self):
        pass
"""
        )
        result = project.runpytest_inprocess()
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"*@pytest.mark.sm_metrics_each_fault(*{message}"])

    def test_a_test_that_asks_for_no_mock(self, project):
        project.makepyfile(
            test_it="""
import pytest

@pytest.mark.sm_metrics_each_fault
def test_it():
    pass
"""
        )
        result = project.runpytest_inprocess()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        lines = [line for line in result.stderr.lines if "each_fault" in line]
        assert len(lines) == 1
        assert lines[0].startswith(
            "ERROR: test_it.py::test_it: @pytest.mark.sm_metrics_each_fault would have no effect"
        )
