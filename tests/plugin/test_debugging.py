"""With `--pdb`, pytest defers the `tearDown` of a test case, and it runs inside the mock."""

from __future__ import annotations

import pytest

CASE = """
import unittest
import pytest
from pytest_sm_metrics import current, mock_sm_metrics
from trainer import INFINITE, log

{decorator}
class TestUploads(unittest.TestCase):
    def setUp(self):
        log("run-1", "set-up", 0.5)

    def tearDown(self):
        log("run-1", "teardown", 0.5)
        print("metrics in tearDown:", *current()["run-1"])

    def test_passes(self):
        log("run-1", "loss", 0.5)

    def test_fails(self):
        log("run-1", "loss", 0.5)
        self.fail("its own failure")

    @unittest.skip("its own reason")
    def test_skipped(self): ...
"""
DEBUGGER = """
class Debugger:
    quitting = {quits}
    def __init__(self, *args, **kwargs): ...
    def reset(self): ...
    def interaction(self, frame, traceback): ...
"""
WAYS = {
    "fixture": '@pytest.mark.usefixtures("sm_metrics")',
    "decorator": "@mock_sm_metrics",
    "mode": '@pytest.mark.sm_metrics(mode="mock")',
}


@pytest.fixture
def debug(project):
    """Run a project in a debugger whose user continues, or quits."""

    def run(source, quits=False):
        project.makepyfile(test_it=source, debugger=DEBUGGER.format(quits=quits))
        return project.runpytest_inprocess("--pdb", "--pdbcls=debugger:Debugger", "-s")

    return run


@pytest.mark.parametrize("way", WAYS)
def test_teardown_runs_inside(debug, network, way):
    result = debug(CASE.format(decorator=WAYS[way]))
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*metrics in tearDown: set-up loss teardown*"] * 2)
    assert network == []


@pytest.mark.parametrize("way", WAYS)
def test_it_runs_inside_when_the_user_quits(debug, network, way):
    result = debug(CASE.format(decorator=WAYS[way]), quits=True)
    result.stdout.fnmatch_lines(["*metrics in tearDown: set-up loss teardown*"])
    assert network == []


@pytest.mark.parametrize(
    "way",
    [
        '@pytest.mark.sm_metrics(rejected_metrics="error") @pytest.mark.usefixtures("sm_metrics")',
        '@mock_sm_metrics(rejected_metrics="error")',
    ],
    ids=["fixture", "decorator"],
)
def test_what_it_shows_is_judged(debug, way):
    decorators = way.replace(") @", ")\n@")
    source = CASE.format(decorator=decorators).replace('"teardown", 0.5', '"teardown", INFINITE')
    result = debug(source.replace(', *current()["run-1"]', ""))
    result.assert_outcomes(passed=1, failed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*1 metric was rejected", "ERROR *test_passes - *"])


def test_its_own_error_is_reported_alone(debug):
    source = CASE.format(decorator='@mock_sm_metrics(rejected_metrics="error")')
    source += """
class TestRaises(TestUploads):
    def tearDown(self):
        log("run-1", "loss", INFINITE)
        raise KeyError("its own error")
    test_fails = test_skipped = None
"""
    result = debug(source)
    result.assert_outcomes(passed=2, failed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*KeyError: 'its own error'*"])
    result.stdout.no_fnmatch_line("*metric was rejected*")


def test_a_case_without_a_mock_is_left_alone(debug):
    result = debug(
        """
import unittest
import pytest
from pytest_sm_metrics import mock_sm_metrics

class TestAlone(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def around(self):
        yield
        print("fixture")

    def tearDown(self):
        print("tearDown")

    def test_it(self): ...
"""
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*fixture", "*tearDown"])
