"""`rejected_metrics="error"`: a metric that a rule rejected fails a test that passed itself."""

from __future__ import annotations

import pytest

DIVERGING = """
import contextlib, pytest
from trainer import INFINITE, log
from pytest_sm_metrics import mock_sm_metrics
"""


def test_the_test_fails_and_says_why(run):
    result = run(
        DIVERGING
        + """
@pytest.mark.sm_metrics(rejected_metrics="error")
class TestErrors:
    def test_diverges(self, sm_metrics):
        log("run-1", "loss", 0.5, INFINITE)

    def test_asks_for_it_itself(self, sm_metrics):
        log("run-1", "loss", INFINITE)
        with pytest.raises(AssertionError, match="1 metric was rejected"):
            sm_metrics.check()

    @pytest.mark.sm_metrics(rejected_metrics="ignore")
    def test_means_to(self, sm_metrics):
        log("run-1", "loss", INFINITE)

    def test_asserts_on_it_and_begins_anew(self, sm_metrics):
        log("run-1", "loss", INFINITE)
        assert sm_metrics.rejected
        sm_metrics.reset()

def test_by_default_it_is_ignored(sm_metrics):
    log("run-1", "loss", INFINITE)
"""
    )
    result.assert_outcomes(failed=1, passed=4)
    result.stdout.fnmatch_lines(
        [
            "*_ TestErrors.test_diverges _*",
            "1 metric was rejected",
            "  - <RejectedMetric 'loss' (step 1) of 'run-1' in us-east-1: VALIDATION_ERROR, Value "
            "is inf, which is not finite>, MetricIndex 1",
            '  turned off by @pytest.mark.sm_metrics(rejected_metrics="ignore")',
            "the test itself passed",
            "FAILED test_it.py::TestErrors::test_diverges - Failed: 1 metric was rejected",
        ]
    )


def test_xfail_applies_and_a_test_keeps_its_own_failure(project):
    project.makepyfile(
        DIVERGING
        + """
pytestmark = pytest.mark.sm_metrics(rejected_metrics="error")

@pytest.mark.xfail(strict=True)
def test_strict(sm_metrics):
    log("run-1", "loss", INFINITE)

@pytest.mark.xfail(raises=AssertionError, strict=True)
def test_raises(sm_metrics):
    log("run-1", "loss", INFINITE)

def test_its_own_failure(sm_metrics):
    log("run-1", "loss", INFINITE)
    assert "its own" == "failure"

def test_its_own_skip(sm_metrics):
    log("run-1", "loss", INFINITE)
    pytest.skip("its own reason")

@pytest.fixture
def broken(sm_metrics):
    log("run-1", "loss", INFINITE)
    raise KeyError("its own error")

def test_its_own_error(broken): ...

@pytest.fixture
def broken_afterwards(sm_metrics):
    yield
    log("run-1", "loss", INFINITE)
    raise KeyError("its own error, later")

def test_its_own_error_later(broken_afterwards): ...
"""
    )
    result = project.runpytest_inprocess("-rA")
    result.assert_outcomes(xfailed=2, failed=1, skipped=1, errors=3, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_its_own_skip*",
            "1 metric was rejected",
            "*ERROR at teardown of test_its_own_error_later*",
            "*SageMaker Metrics findings*",
            "1 metric was rejected",
        ]
    )
    assert result.outlines.count("1 metric was rejected") == 2


def test_all_findings_in_one_message(project):
    project.makepyfile(
        DIVERGING
        + """
@pytest.fixture(scope="module", autouse=True)
def shared(sm_metrics_module):
    pass

@pytest.mark.sm_metrics(rejected_metrics="error")
class TestIt:
    @pytest.fixture(scope="class", autouse=True)
    def trainer(self, sm_metrics_class):
        log("class", "loss", INFINITE)

    @pytest.fixture(autouse=True)
    def nearer_trainer(self, sm_metrics):
        log("function", "loss", INFINITE)

    def test_it(self):
        with contextlib.suppress(AssertionError), mock_sm_metrics(rejected_metrics="error"):
            log("block", "loss", INFINITE)

    def test_what_was_reported_once_is_not_reported_again(self, sm_metrics_class):
        assert len(sm_metrics_class.rejected) == 1
"""
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*_ TestIt.test_it _*",
            "1 metric was rejected",
            '  turned off by @pytest.mark.sm_metrics(rejected_metrics="ignore") on the class',
            "1 metric was rejected",
            '  turned off by @pytest.mark.sm_metrics(rejected_metrics="ignore")',
            "the test itself passed",
            "*_ TestIt.test_what_was_reported_once_is_not_reported_again _*",
            "1 metric was rejected",
            '  turned off by @pytest.mark.sm_metrics(rejected_metrics="ignore")',
            "the test itself passed",
        ]
    )


@pytest.mark.parametrize(
    ("scope", "turned_off_by"),
    [
        ("class", '@pytest.mark.sm_metrics(rejected_metrics="ignore") on the class'),
        ("module", 'pytestmark = pytest.mark.sm_metrics(rejected_metrics="ignore")'),
        ("package", "the ini option sm_metrics_rejected_metrics = ignore"),
        ("session", "the ini option sm_metrics_rejected_metrics = ignore"),
    ],
)
def test_a_shared_mock_is_judged_after_each_test(project, scope, turned_off_by):
    project.makeini("[pytest]\nsm_metrics_rejected_metrics = error")
    project.makepyfile(
        DIVERGING
        + f"""
class TestIt:
    def test_one(self, sm_metrics_{scope}):
        log("run-1", "loss", INFINITE)

    def test_two(self, sm_metrics_{scope}):
        log("run-1", "loss", 0.5)

    def test_three(self, sm_metrics_{scope}):
        log("run-1", "loss", INFINITE)
"""
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(
        ["*_ TestIt.test_one _*", f"  turned off by {turned_off_by}", "*_ TestIt.test_three _*"]
    )


def test_what_only_a_teardown_shows_is_an_error_there(run):
    result = run(
        DIVERGING
        + """
@pytest.fixture
def trainer():
    yield
    log("run-1", "loss", INFINITE)

@pytest.fixture(scope="module")
def shared_trainer(sm_metrics_module):
    yield
    log("run-1", "loss", INFINITE)

pytestmark = pytest.mark.sm_metrics(rejected_metrics="error")

def test_function(trainer, sm_metrics): ...

def test_module(shared_trainer): ...
"""
    )
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*_ ERROR at teardown of test_function _*",
            "1 metric was rejected",
            "*_ ERROR at teardown of test_module _*",
        ]
    )


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="the fixture subtests came with pytest 9")
def test_parts_of_a_test(project):
    project.makepyfile(
        DIVERGING
        + """
@pytest.mark.sm_metrics(rejected_metrics="error")
def test_a_part_that_is_skipped_hides_nothing(sm_metrics, subtests):
    with subtests.test():
        pytest.skip("its own reason")
    log("run-1", "loss", INFINITE)

@pytest.mark.sm_metrics(rejected_metrics="error")
def test_a_part_that_fails_is_reported_alone(sm_metrics, subtests):
    with subtests.test():
        log("run-1", "loss", INFINITE)
        assert "its own" == "failure"
"""
    )
    result = project.runpytest_inprocess()
    result.stdout.fnmatch_lines(
        ["*_ test_a_part_that_is_skipped_hides_nothing _*", "1 metric was rejected"]
    )
    assert result.stdout.str().count("\n1 metric was rejected\n") == 1


def test_a_test_case(run):
    result = run(
        DIVERGING
        + """
import unittest

@pytest.mark.sm_metrics(rejected_metrics="error")
@pytest.mark.usefixtures("sm_metrics")
class Tests(unittest.TestCase):
    def setUp(self):
        log("run-1", "set-up", 0.5)

    def test_body(self):
        log("run-1", "loss", INFINITE)

    @unittest.expectedFailure
    def test_expected(self):
        log("run-1", "loss", INFINITE)

    def test_its_own(self):
        log("run-1", "loss", INFINITE)
        self.fail("its own failure")

    def test_its_own_skip(self):
        log("run-1", "loss", INFINITE)
        self.skipTest("its own reason")

class TestsOfTearDown(Tests):
    def tearDown(self):
        log("run-1", "loss", INFINITE)

    test_body = test_expected = test_its_own = None

    def test_passes(self): ...

class TestsAsync(Tests, unittest.IsolatedAsyncioTestCase):
    test_body = test_its_own = test_its_own_skip = None

    async def test_async(self):
        log("run-1", "loss", INFINITE)

    @unittest.expectedFailure
    async def test_expected(self):
        log("run-1", "loss", INFINITE)
"""
    )
    result.assert_outcomes(failed=4, xfailed=2, skipped=2, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "FAILED test_it.py::Tests::test_body - Failed: 1 metric was rejected",
            "FAILED test_it.py::Tests::test_its_own - AssertionError: its own failure",
            "FAILED test_it.py::TestsOfTearDown::test_passes - Failed: 1 metric was rejected",
            "FAILED test_it.py::TestsAsync::test_async - Failed: 1 metric was rejected",
            "ERROR test_it.py::Tests::test_its_own_skip - Failed: 1 metric was rejected",
            "ERROR test_it.py::TestsOfTearDown::test_its_own_skip - Failed: 2 metrics were*",
        ]
    )
