"""Under Hypothesis each example and each state machine starts from the same state."""

from __future__ import annotations

import sys

import pytest

pytestmark = pytest.mark.usefixtures("with_hypothesis")

EXAMPLES = """
import unittest
import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from trainer import INFINITE, log
from pytest_sm_metrics import current, mock_sm_metrics

few = settings(max_examples=5, database=None, derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink])

def logged(value=0.5):
    log("run-1", "loss", value)
    return len(current()["run-1"]["loss"])
"""

CASE = """
    def setUp(self):
        log("run-1", "set-up", 0.5)

    @few
    @given(st.integers())
    def test_method(self, number):
        assert logged() == 1 and len(current()["run-1"]["set-up"]) == 1
"""

CLEAN = (
    """
@pytest.fixture
def trainer(sm_metrics):
    log("run-1", "set-up", 0.5)

@few
@given(st.integers())
def test_fixture(sm_metrics, number):
    assert logged() == 1

@few
@given(st.integers())
@pytest.mark.usefixtures("trainer")
def test_what_fixtures_set_up_stays(number):
    assert logged() == 1 and len(current()["run-1"]["set-up"]) == 1

@few
@given(st.integers())
def test_within_a_shared_one(sm_metrics_module, number):
    assert logged() == 1

@pytest.mark.sm_metrics(mode="mock")
@few
@given(st.integers())
def test_mode(number):
    assert logged() == 1

@mock_sm_metrics
@few
@given(st.integers())
@example(3)
def test_decorator_above(number):
    assert logged() == 1

@few
@example(3)
@mock_sm_metrics
@given(st.integers())
def test_decorator_between(number):
    assert logged() == 1

@few
@given(st.integers())
@mock_sm_metrics
def test_decorator_below(number):
    assert logged() == 1

class TestPlain:
    def setup_method(self):
        log("run-1", "set-up", 0.5)

    @few
    @given(st.integers())
    def test_method(self, sm_metrics, number):
        assert logged() == 1 and len(current()["run-1"]["set-up"]) == 1

@pytest.mark.usefixtures("sm_metrics")
class TestCase(unittest.TestCase):
"""
    + CASE
    + """
@mock_sm_metrics
class TestDecoratedCase(unittest.TestCase):
"""
    + CASE
    + """
class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        assert "run-1" not in current()
        self.count = 0

    @rule()
    def upload(self):
        self.count += 1
        assert logged() == self.count

class TestMachine(Machine.TestCase):
    settings = few
    pytestmark = pytest.mark.usefixtures("sm_metrics")

@mock_sm_metrics
class TestDecoratedMachine(Machine.TestCase):
    settings = few

@mock_sm_metrics
def test_decorated_machine():
    run_state_machine_as_test(Machine, settings=few)

def test_machine_in_a_block():
    with mock_sm_metrics():
        run_state_machine_as_test(Machine, settings=few)

class MachineAfter(Machine):
    def __init__(self):
        RuleBasedStateMachine.__init__(self)
        self.count = len(current()["run-1"].get("loss", ()))

def test_a_machine_that_is_driven_by_hand(sm_metrics):
    Machine().upload()
    log("run-2", "loss", 0.5)
    with pytest.raises(AssertionError):
        Machine()
    assert sorted(sm_metrics) == ["run-1", "run-2"]

@few
@given(st.integers())
def test_a_machine_within_an_example(sm_metrics, number):
    log("run-1", "set-up", 0.5)
    MachineAfter.upload(MachineAfter())
    assert sorted(sm_metrics["run-1"]) == ["loss", "set-up"]

def test_what_the_body_logged_before_a_machine_stays(sm_metrics):
    log("run-1", "loss", 0.5)
    run_state_machine_as_test(MachineAfter, settings=few)
"""
)


def test_each_example_starts_clean(run):
    run(EXAMPLES + CLEAN).assert_outcomes(passed=17)


def test_plain_unittest(project):
    project.makepyfile(
        it=EXAMPLES
        + """
@mock_sm_metrics
class TestCase(unittest.TestCase):
"""
        + CASE
    )
    assert project.run(sys.executable, "-m", "unittest", "it").ret == 0


PARAMETRIZED = """
@pytest.mark.parametrize("size", [1, 2])
@few
@given(st.integers())
def test_parametrized(sm_metrics, size, number):
    assert logged() == 1

@pytest.mark.parametrize("size", [1, 2])
@given(number=st.integers())
def test_without_settings(size, sm_metrics, sm_metrics_cloudtrail, number):
    assert logged() == 1 == len(sm_metrics_cloudtrail.events)

@pytest.mark.parametrize("size", [1, 2])
@few
@given(st.integers())
def test_blocked(sm_metrics_blocked, size, number):
    assert sm_metrics_blocked == []
    with pytest.raises(UnmockedCallError):
        log("run-1", "loss", 0.5)
    assert len(sm_metrics_blocked) == 1

class TestPlain:
    @pytest.mark.parametrize("size", [1, 2])
    @few
    @given(st.integers())
    def test_method(self, size, sm_metrics, number):
        assert logged() == 1
"""


def test_parametrized_tests_start_clean(project):
    source = EXAMPLES.replace("import current", "import UnmockedCallError, current")
    project.makepyfile(source + PARAMETRIZED)
    project.runpytest_inprocess().assert_outcomes(passed=8)


@pytest.mark.parametrize(
    "arguments", ["other, sm_metrics", "sm_metrics, other", "sm_metrics_blocked, other", "other"]
)
@pytest.mark.parametrize("suppress", [False, True])
def test_other_fixtures_of_function_scope_are_still_reported(project, arguments, suppress):
    check = "suppress_health_check=[HealthCheck.function_scoped_fixture]"
    project.makepyfile(
        EXAMPLES
        + f"""
@pytest.fixture
def other(): ...

@settings({check if suppress else ""})
@given(st.integers())
def test_it({arguments}, number): ...

def test_that_imports_the_mock(sm_metrics): ...
"""
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1 + suppress, failed=not suppress)
    if not suppress:
        result.stdout.fnmatch_lines(["E  *FailedHealthCheck: *function-scoped fixture 'other'*"])
        result.stdout.no_fnmatch_line("E  *function-scoped fixture 'sm_metrics*")


class TestJudging:
    def test_the_smallest_example_is_found(self, project):
        project.makepyfile(
            EXAMPLES
            + """
pytestmark = pytest.mark.sm_metrics(rejected_metrics="error")

@few
@given(st.integers(0, 100))
def test_examples(sm_metrics, number):
    if number > 10:
        log("run-1", "loss", INFINITE)

class Machine(RuleBasedStateMachine):
    @rule()
    def upload(self):
        log("run-1", "loss", INFINITE)

    @rule()
    def wait(self): ...

class TestMachine(Machine.TestCase):
    settings = few
    pytestmark = pytest.mark.usefixtures("sm_metrics")
"""
        )
        result = project.runpytest_inprocess("--tb=short")
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines_random(
            ["*number=11*", "*state.upload()*", "*1 metric was rejected*"]
        )
        result.stdout.no_fnmatch_line("*state.wait()*")

    @pytest.mark.parametrize("way", ["", "@mock_sm_metrics(rejected_metrics='error')"])
    def test_what_is_discarded_is_forgotten(self, project, way):
        project.makepyfile(
            EXAMPLES
            + f"""
{way or '@pytest.mark.sm_metrics(rejected_metrics="error")'}
@settings(database=None)
@given(st.sampled_from([0.5, INFINITE]))
def test_it({"value" if way else "sm_metrics, value"}):
    log("run-1", "loss", value)
    assume(value < 1)
"""
        )
        project.runpytest_inprocess().assert_outcomes(passed=1)

    def test_what_the_set_up_shows_is_reported(self, project):
        project.makepyfile(
            EXAMPLES
            + """
pytestmark = pytest.mark.sm_metrics(rejected_metrics="error")

@pytest.mark.usefixtures("sm_metrics")
class TestCase(unittest.TestCase):
    def setUp(self):
        log("run-1", "loss", INFINITE)

    @few
    @given(st.integers())
    def test_method(self, number):
        assert len(current().rejected) == 1

@pytest.fixture(scope="module")
def trainer(sm_metrics_module):
    log("run-1", "loss", INFINITE)

@few
@given(st.integers())
def test_function(trainer, number):
    assert len(current().rejected) == 1
"""
        )
        result = project.runpytest_inprocess()
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(
            [
                "*_ TestCase.test_method _*",
                "1 metric was rejected",
                "*_ test_function _*",
                "1 metric was rejected",
            ]
        )

    def test_blocked_calls_belong_to_their_example(self, project):
        project.makepyfile(
            EXAMPLES
            + """
@few
@given(st.integers(0, 100))
def test_forgot_the_mock(number):
    if number > 10:
        log("run-1", "loss", 0.5)

@few
@given(st.integers(0, 100))
def test_forgot_and_swallows(number):
    try:
        log("run-1", "loss", 0.5)
    except Exception:
        assume(number < 0)
"""
        )
        result = project.runpytest_inprocess("--sm-metrics-mode=block")
        result.stdout.no_fnmatch_line("*distinct failures*")
        result.stdout.no_fnmatch_line("*Flaky*")
        result.stdout.fnmatch_lines(
            ["*UnmockedCallError: BatchPutMetrics for trial component 'run-1'*", "*number=11*"]
        )
