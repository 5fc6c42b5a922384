"""A finding fails the run, whatever becomes of the test that shows it."""

from __future__ import annotations

import re
import sys

import pytest

SHARED = """
import pytest
from trainer import log

@pytest.fixture(scope="{scope}", autouse=True)
def shared(sm_metrics_{scope}):
    sm_metrics_{scope}.fail_metrics("CONFLICT_ERROR", metric_name="misspelt")

class TestAll:
    {tests}
"""

PASSES = "def test_{name}(self): log('run-1', 'loss', 0.5)\n"
ENDINGS = {
    "skip by mark": ("@pytest.mark.skip\n    def test_z(self): ...", {"skipped": 1}),
    "skip in the body": ("def test_z(self): pytest.skip('no GPU')", {"skipped": 1}),
    "skip in a fixture": (
        "@pytest.fixture\n    def gpu(self): pytest.skip('no GPU')\n    def test_z(self, gpu): ...",
        {"skipped": 1},
    ),
    "xfail": ("@pytest.mark.xfail\n    def test_z(self): assert False", {"xfailed": 1}),
    "strict xfail": (
        "@pytest.mark.xfail(strict=True)\n    def test_z(self): assert False",
        {"xfailed": 1},
    ),
    "xfail without a run": (
        "@pytest.mark.xfail(run=False)\n    def test_z(self): ...",
        {"xfailed": 1},
    ),
    "xfail in the body": ("def test_z(self): pytest.xfail('not yet')", {"xfailed": 1}),
}


in_process = pytest.mark.parametrize("run", ["in process"], indirect=True)
"""For tests of many cases, beside which another test tries some, or all at once, under xdist."""

SCOPES = ["class", "module", "session"]


@in_process
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("scope", SCOPES)
def test_an_unused_fault_of_a_shared_mock_whose_last_test_does_not_pass(run, scope, ending):
    last, outcome = ENDINGS[ending]
    source = SHARED.format(scope=scope, tests=PASSES.format(name="a") + "    " + last)
    result = run(source)
    result.assert_outcomes(passed=1, errors=1, **outcome)
    result.stdout.fnmatch_lines(["*a fault never fired: fail_metrics('CONFLICT_ERROR', *"])


@pytest.mark.parametrize("scope", SCOPES)
def test_an_unused_fault_of_a_shared_mock_whose_only_test_does_not_pass(run, scope):
    result = run(SHARED.format(scope=scope, tests=ENDINGS["skip in the body"][0]))
    result.assert_outcomes(skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*a fault never fired: fail_metrics('CONFLICT_ERROR', *"])


@pytest.mark.parametrize("ending", ["skip by mark", "xfail"])
def test_an_unused_fault_of_a_shared_mock_whose_first_test_does_not_pass(run, ending):
    first, outcome = ENDINGS[ending]
    source = SHARED.format(scope="module", tests=first + "\n    " + PASSES.format(name="zz"))
    result = run(source)
    result.assert_outcomes(passed=1, errors=1, **outcome)


REJECTED = """
import pytest
from trainer import INFINITE, log

pytestmark = pytest.mark.sm_metrics(rejected_metrics="error")

@pytest.fixture(scope="module", autouse=True)
def shared(sm_metrics_module):
    log("run-1", "loss", INFINITE)

{last}
"""


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        ("@pytest.mark.xfail\ndef test_it(): assert False", {"xfailed": 1}),
        ("def test_it(): pytest.skip()", {"skipped": 1}),
    ],
)
def test_rejected_metrics_of_a_shared_fixture_beside_a_test_that_does_not_pass(run, last, outcome):
    result = run(REJECTED.format(last=last))
    result.assert_outcomes(errors=1, **outcome)
    result.stdout.fnmatch_lines(["*1 metric was rejected*"])


SWALLOWED = """
import pytest
from trainer import log

def swallow():
    try:
        log("run-1", "loss", 0.5)
    except Exception:
        pass

@pytest.fixture(scope="module", autouse=True)
def shared():
    {setup}
    yield
    {teardown}

{last}
"""


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        ("@pytest.mark.xfail\ndef test_it(): assert False", {"xfailed": 1}),
        ("def test_it(): pytest.skip()", {"skipped": 1}),
        ("@pytest.mark.skip\ndef test_it(): ...\ndef test_a(): ...", {"passed": 1, "skipped": 1}),
    ],
)
@pytest.mark.parametrize(("setup", "teardown"), [("swallow()", "pass"), ("pass", "swallow()")])
def test_blocked_calls_of_a_shared_fixture_beside_a_test_that_does_not_pass(
    run, setup, teardown, last, outcome
):
    source = SWALLOWED.format(setup=setup, teardown=teardown, last=last)
    result = run(source, "--sm-metrics-mode=block")
    counts = result.parseoutcomes()
    assert counts.get("errors", 0) + counts.get("failed", 0) == 1
    result.stdout.fnmatch_lines(["*1 call outside a mock of SageMaker Metrics was blocked*"])


@pytest.mark.parametrize("options", [["-x"], ["--maxfail=1"]])
def test_a_shared_mock_that_ends_after_the_last_test(run, options):
    source = SHARED.format(
        scope="module", tests="def test_a(self): assert False\n    def test_b(self): ..."
    )
    result = run(source, *options)
    result.stdout.fnmatch_lines(["*a fault never fired: fail_metrics('CONFLICT_ERROR', *"])
    assert result.ret != 0


def test_a_shared_mock_that_ends_after_pytest_exit(project):
    source = SHARED.format(scope="module", tests="def test_a(self): pytest.exit('enough', 0)")
    project.makepyfile(test_it=source)
    result = project.runpytest_subprocess()
    result.stdout.fnmatch_lines(["*a fault never fired: fail_metrics('CONFLICT_ERROR', *"])
    assert result.ret == 1


# Calls that no test makes

SWALLOWING = """
from trainer import log

def swallow():
    try:
        log("run-1", "loss", 0.5)
    except Exception:
        pass

"""
MOMENTS = {
    "a conftest": "swallow()",
    "the configuration": "def pytest_configure(): swallow()",
    "the start": "def pytest_sessionstart(): swallow()",
    "the collection": "def pytest_collection_modifyitems(): swallow()",
    "before a test": "def pytest_runtest_logstart(): swallow()",
    "after a test": "def pytest_runtest_logfinish(): swallow()",
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("options", [[], ["-p", "xdist", "-n", "1"]], ids=["alone", "under xdist"])
def test_a_blocked_call_while_no_test_runs(project, moment, options):
    project.makeconftest(SWALLOWING + MOMENTS[moment])
    project.makepyfile(test_it="def test_it(): ...")
    result = project.runpytest_subprocess("--sm-metrics-mode=block", *options)
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["* outside a mock of SageMaker Metrics w* blocked*"])


@pytest.mark.parametrize("mode", ["block", "mock"])
def test_a_blocked_call_of_a_module_that_is_imported(run, mode):
    result = run(SWALLOWING + "swallow()\ndef test_it(): ...", f"--sm-metrics-mode={mode}")
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*'run-1' (collection of test_it.py): 1 time"])


@pytest.mark.parametrize("option", ["--collect-only", "-k=nothing", "--deselect=test_it.py"])
def test_a_blocked_call_in_a_run_without_tests(project, option):
    project.makepyfile(test_it=SWALLOWING + "swallow()\ndef test_it(): ...")
    result = project.runpytest_inprocess("--sm-metrics-mode=block", option)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*'run-1' (collection of test_it.py): 1 time"])


def test_a_blocked_call_after_the_end(project):
    project.makeconftest(SWALLOWING + "def pytest_unconfigure(): swallow()")
    project.makepyfile(test_it="def test_it(): ...")
    result = project.runpytest_subprocess("--sm-metrics-mode=block")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*1 call outside a mock of SageMaker Metrics was blocked*"])


# A mock that an exception leaves

LEFT = """
import contextlib
import unittest
import pytest
from trainer import INFINITE, log
from pytest_sm_metrics import mock_sm_metrics

rejecting = mock_sm_metrics(rejected_metrics="error")

"""
REJECTS = 'log("run-1", "loss", INFINITE)'
LEAVES = {
    "a context manager": f"with pytest.raises(ENDING), rejecting: {REJECTS}; raise ENDING",
    "a mock that is stopped": f"""
    with pytest.raises(ENDING):
        mock = rejecting.start()
        try:
            {REJECTS}
            raise ENDING
        finally:
            mock.stop()""",
    "a decorator": f"""
    @rejecting
    def train():
        {REJECTS}
        raise ENDING
    with pytest.raises(ENDING):
        train()""",
}


@pytest.mark.parametrize("ending", ["ValueError", "SystemExit", "KeyboardInterrupt"])
@pytest.mark.parametrize("leaves", LEAVES)
def test_a_mock_that_an_expected_exception_leaves(project, leaves, ending):
    body = LEAVES[leaves].replace("ENDING", ending)
    project.makepyfile(test_it=f"{LEFT}def test_it():\n    {body}")
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED *1 metric was rejected*"])


def test_an_unused_fault_of_a_mock_that_an_expected_exception_leaves(run):
    result = run(
        LEFT
        + """
def test_it():
    with pytest.raises(KeyError), mock_sm_metrics() as sm_metrics:
        sm_metrics.fail_calls("ThrottlingException")
        {}["misspelt"]
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a fault never fired: fail_calls('ThrottlingException')*"])


SKIPS = {
    "a context manager": f"def test_it():\n    with rejecting: {REJECTS}; pytest.skip()",
    "a decorator": f"@rejecting\ndef test_it(): {REJECTS}; pytest.skip()",
    "a test case": f"""
@rejecting
class TestIt(unittest.TestCase):
    def test_it(self): {REJECTS}; self.skipTest("no GPU")
""",
    "a method of a test case": f"""
class TestIt(unittest.TestCase):
    @rejecting
    def test_it(self): {REJECTS}; self.skipTest("no GPU")
""",
    "a fixture of a test case": f"""
@pytest.mark.sm_metrics(rejected_metrics="error")
class TestIt(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def mock(self, sm_metrics): ...

    def test_it(self): {REJECTS}; self.skipTest("no GPU")
""",
}


@pytest.mark.parametrize("skips", SKIPS)
def test_a_mock_that_a_skip_leaves(run, skips):
    result = run(LEFT + SKIPS[skips])
    result.assert_outcomes(skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*1 metric was rejected*"])


@pytest.mark.parametrize("skips", ["a test case", "a method of a test case"])
def test_a_mock_that_a_skip_leaves_without_pytest(project, skips):
    project.makepyfile(test_it=LEFT + SKIPS[skips])
    result = project.run(sys.executable, "-m", "unittest", "test_it")
    assert result.ret != 0
    result.stderr.fnmatch_lines(["*1 metric was rejected*"])


def test_a_blocked_call_of_a_test_case_that_is_skipped(run):
    result = run(
        """
        import contextlib
        import unittest
        from trainer import log

        class TestIt(unittest.TestCase):
            def test_it(self):
                with contextlib.suppress(Exception):
                    log("run-1", "loss", 0.5)
                self.skipTest("no GPU")
        """,
        "--sm-metrics-mode=block",
    )
    result.assert_outcomes(skipped=1, errors=1)


@pytest.mark.parametrize("ending", ["assert False", "pytest.xfail()"])
def test_an_exception_that_leaves_a_mock_is_not_hidden(run, ending):
    result = run(f"{LEFT}def test_it():\n    with rejecting: {REJECTS}; {ending}")
    counts = result.parseoutcomes()
    assert counts in ({"failed": 1}, {"xfailed": 1})


# A mock that answers tests that did not ask for it

BLIND = """
from trainer import log

def test_asks(sm_metrics_{scope}):
    log("run-1", "loss", 1)

def test_forgot():
    log("run-1", "loss", 2)

def test_asks_again(sm_metrics_{scope}):
    assert sm_metrics_{scope}["run-1"]["loss"].values == [1]
"""


@pytest.mark.parametrize("scope", ["module", "session"])
def test_block_holds_for_tests_that_ask_for_no_mock_whatever_others_share(run, scope):
    result = run(BLIND.format(scope=scope), "--sm-metrics-mode=block")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_forgot - *UnmockedCall*"])


def test_a_test_that_asks_for_a_shared_mock_by_another_name_is_answered(run):
    result = run(
        """
        import pytest
        from trainer import log

        @pytest.fixture(scope="module")
        def shared(sm_metrics_module):
            return sm_metrics_module

        def test_one(shared):
            log("run-1", "loss", 1)

        def test_two(request):
            request.getfixturevalue("sm_metrics_module")
            log("run-1", "loss", 2)

        @pytest.mark.usefixtures("shared")
        def test_three():
            log("run-1", "loss", 3)
        """,
        "--sm-metrics-mode=block",
    )
    result.assert_outcomes(passed=3)


# A mock that was not stopped

STARTED = """
import unittest
import pytest
from trainer import log
from pytest_sm_metrics import current, mock_sm_metrics

def test_starts():
    mock_sm_metrics(seed=3).start()
    log("run-1", "loss", 1)

def test_is_not_answered():
    with pytest.raises(RuntimeError, match="no mock"):
        current()

class TestCase(unittest.TestCase):
    def setUp(self):
        self.sm_metrics = mock_sm_metrics().start()

    def test_one(self):
        log("run-1", "loss", 1)

    def test_two(self):
        log("run-1", "loss", 1)

def test_is_not_answered_either():
    with pytest.raises(RuntimeError, match="no mock"):
        current()
"""


def test_a_mock_that_was_started_and_not_stopped_fails_its_test(run):
    result = run(STARTED)
    result.assert_outcomes(passed=5, errors=3)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_starts*",
            "*a mock that test_it.py::test_starts started is still on*",
        ]
    )


def test_a_mock_that_a_wider_fixture_starts_and_stops(run):
    result = run(
        """
        import pytest
        from trainer import log
        from pytest_sm_metrics import current, mock_sm_metrics

        @pytest.fixture(scope="module", autouse=True)
        def shared():
            mock = mock_sm_metrics().start()
            yield
            mock.stop()

        class TestAll:
            @classmethod
            def setup_class(cls):
                cls.activation = mock_sm_metrics()
                cls.activation.start()

            @classmethod
            def teardown_class(cls):
                cls.activation.stop()

            def test_one(self):
                log("run-1", "loss", 1)

            def test_two(self):
                assert current()["run-1"]["loss"].values == [1]
        """
    )
    result.assert_outcomes(passed=2)


def test_a_mock_that_a_wider_fixture_starts_and_does_not_stop(run):
    result = run(
        """
        import pytest
        from pytest_sm_metrics import current, mock_sm_metrics

        class TestAll:
            @classmethod
            def setup_class(cls):
                mock_sm_metrics().start()

            def test_one(self): ...
            def test_two(self): current()

        def test_three():
            with pytest.raises(RuntimeError):
                current()
        """
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of TestAll.test_two*"])


# A marker that reaches no mock

NO_EFFECT = {
    "a shared mock": "@MARK\ndef test_it(sm_metrics_module): ...",
    "no mock": "@MARK\ndef test_it(): ...",
    "a mock that it enters": "@MARK\ndef test_it():\n    with mock_sm_metrics(): ...",
    "a class with a module's mock": (
        "@MARK\nclass TestIt:\n    def test_it(self, sm_metrics_module): ..."
    ),
    "a class without a mock": "@MARK\nclass TestIt:\n    def test_it(self): ...",
    "a module without a mock": "pytestmark = MARK_ALONE\ndef test_it(): ...",
    "a module with a session's mock": (
        "pytestmark = MARK_ALONE\ndef test_it(sm_metrics_session): ..."
    ),
    "a test case": (
        "@MARK\nclass TestIt(unittest.TestCase):\n    @mock_sm_metrics\n    def test_it(self): ..."
    ),
}


def marked(source, keywords):
    head = "import unittest\nimport pytest\nfrom pytest_sm_metrics import mock_sm_metrics\n"
    mark = f"pytest.mark.sm_metrics({keywords})"
    return head + source.replace("@MARK", "@" + mark).replace("MARK_ALONE", mark)


@in_process
@pytest.mark.parametrize("case", NO_EFFECT)
def test_a_marker_that_reaches_no_mock_is_an_error(run, case):
    result = run(marked(NO_EFFECT[case], "metric_limit=1"))
    assert result.ret != 0
    assert "passed" not in result.parseoutcomes()
    text = result.stdout.str() + result.stderr.str()
    assert "@pytest.mark.sm_metrics(metric_limit=1)" in text
    assert "no mock" in text


@in_process
@pytest.mark.parametrize("case", NO_EFFECT)
def test_a_marker_with_a_mode_alone_is_none(run, case):
    result = run(marked(NO_EFFECT[case], 'mode="off"'))
    result.assert_outcomes(passed=1)


EFFECT = {
    "its own mock": "@MARK\ndef test_it(sm_metrics): ...",
    "by another fixture": (
        "@pytest.fixture\ndef trained(sm_metrics): ...\n@MARK\ndef test_it(trained): ..."
    ),
    "a mock asked for late": (
        "@MARK\ndef test_it(request):\n    request.getfixturevalue('sm_metrics')"
    ),
    "a class's mock": "@MARK\nclass TestIt:\n    def test_it(self, sm_metrics_class): ...",
    "a module's mock": "pytestmark = MARK_ALONE\ndef test_it(sm_metrics_module): ...",
    "one of several tests": (
        "pytestmark = MARK_ALONE\ndef test_it(sm_metrics): ...\nassert True\ndef test_other(): ..."
    ),
    "use of fixtures": "@pytest.mark.usefixtures('sm_metrics')\n@MARK\ndef test_it(): ...",
    "cloudtrail": "@MARK\ndef test_it(sm_metrics_cloudtrail): ...",
}


@in_process
@pytest.mark.parametrize("case", EFFECT)
def test_a_marker_that_reaches_a_mock(run, case):
    result = run(marked(EFFECT[case], "metric_limit=1"))
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= 1


@pytest.fixture
def under_xdist(project):
    """Return a function that runs modules in a process of xdist's."""

    def under_xdist(cases, keywords):
        sources = {f"test_{n}": marked(source, keywords) for n, source in enumerate(cases)}
        project.makepyfile(**sources)
        return project.runpytest_subprocess("-p", "xdist", "-n", "1")

    return under_xdist


def test_markers_that_reach_no_mock_under_xdist(under_xdist):
    result = under_xdist(NO_EFFECT.values(), "metric_limit=1")
    assert result.ret != 0
    assert "passed" not in result.parseoutcomes()
    text = result.stdout.str() + result.stderr.str()
    for number in range(len(NO_EFFECT)):
        refused = rf"test_{number}\.py\S*: @pytest\.mark\.sm_metrics\(metric_limit=1\).*no mock"
        assert re.search(refused, text), number


def test_markers_with_a_mode_alone_under_xdist(under_xdist):
    under_xdist(NO_EFFECT.values(), 'mode="off"').assert_outcomes(passed=len(NO_EFFECT))


def test_markers_that_reach_a_mock_under_xdist(under_xdist):
    result = under_xdist(EFFECT.values(), "metric_limit=1")
    assert result.ret == 0
    result.assert_outcomes(passed=len(EFFECT) + 1)


def test_a_marker_that_reaches_a_mock_in_mode_mock(run):
    result = run(marked(NO_EFFECT["no mock"], "metric_limit=1"), "--sm-metrics-mode=mock")
    result.assert_outcomes(passed=1)


def test_one_test_of_a_marked_module_can_be_run_alone(project):
    project.makepyfile(test_it=marked(EFFECT["one of several tests"], "metric_limit=1"))
    project.runpytest_inprocess("test_it.py::test_other").assert_outcomes(passed=1)


def test_a_marker_on_a_test_that_asks_for_its_mock_late_and_does_not(run):
    result = run(marked("@MARK\ndef test_it(request): ...", "metric_limit=1"))
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*metric_limit=1*no mock*"])


# A test that means to be blocked


def test_a_test_that_expects_a_block_asks_for_its_fixture(run):
    result = run(
        """
        import pytest
        from trainer import log
        from pytest_sm_metrics import UnmockedCallError

        def test_it(sm_metrics_blocked):
            with pytest.raises(UnmockedCallError):
                log("run-1", "loss", 1)
            [blocked] = sm_metrics_blocked
            assert blocked.operation == "BatchPutMetrics"
            assert blocked.trial_component == "run-1"

        def test_another():
            with pytest.raises(UnmockedCallError):
                log("run-1", "loss", 1)
        """,
        "--sm-metrics-mode=block",
    )
    result.assert_outcomes(passed=1, failed=1)


def test_the_fixture_blocks_where_the_mode_does_not(run):
    result = run(
        """
        import pytest
        from trainer import log
        from pytest_sm_metrics import UnmockedCallError

        @pytest.fixture
        def early():
            with pytest.raises(UnmockedCallError):
                log("run-0", "loss", 1)

        def test_it(early, sm_metrics_blocked):
            with pytest.raises(UnmockedCallError):
                log("run-1", "loss", 1)
            assert [one.trial_component for one in sm_metrics_blocked] == ["run-0", "run-1"]
        """
    )
    result.assert_outcomes(passed=1)


def test_the_report_of_a_failing_test_lists_its_blocked_calls(run):
    result = run(
        """
        from trainer import log

        def train():
            try:
                log("run-1", "loss", 1)
            except Exception:
                return []

        def test_it():
            assert train() == [1]
        """,
        "--sm-metrics-mode=block",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*SageMaker Metrics calls*", "blocked, outside a mock: BatchPutMetrics for *'run-1'*"]
    )
