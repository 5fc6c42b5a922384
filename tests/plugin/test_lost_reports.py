"""A finding whose report is never made, is replaced or is about something else fails the run."""

from __future__ import annotations

import pytest

UNUSED = "sm_metrics.fail_metrics('CONFLICT_ERROR', metric_name='misspelt')"
OWN = f"def test_it(sm_metrics): {UNUSED}"
SHARED = f"""
import pytest

@pytest.fixture(scope="module", autouse=True)
def shared(sm_metrics_module):
    {UNUSED.replace("sm_metrics", "sm_metrics_module")}

def test_it(): {{body}}
"""
NAMED = ["*a fault never fired: fail_metrics('CONFLICT_ERROR', *"]

SWALLOWED = """
import pytest
from trainer import log

@pytest.fixture
def late():
    yield
    try:
        log("run-1", "loss", 0.5)
    except Exception:
        {ending}

def test_it(late): ...
"""


def assert_fails_and_names(result, lines):
    assert result.ret != 0
    result.stdout.fnmatch_lines(lines)


@pytest.mark.parametrize("ending", ["pytest.exit('enough', 0)", "raise KeyboardInterrupt"])
def test_a_teardown_that_ends_the_run(project, ending):
    project.makepyfile(test_it=SWALLOWED.format(ending=ending))
    result = project.runpytest_subprocess("--sm-metrics-mode=block")
    assert_fails_and_names(result, ["*1 call outside a mock of SageMaker Metrics was blocked*"])


@pytest.mark.parametrize("ending", ["pytest.skip('late')", "pytest.xfail('late')"])
def test_a_teardown_that_skips(run, ending):
    result = run(SWALLOWED.format(ending=ending), "--sm-metrics-mode=block")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*1 call outside a mock of SageMaker Metrics was blocked*"])


def test_a_teardown_that_fails_after_an_expected_failure(run):
    """The `xfail` covers what the teardown raises, and not what it shows of a shared mock."""
    result = run(
        """
        import pytest

        @pytest.fixture(scope="module", autouse=True)
        def shared(sm_metrics_module):
            sm_metrics_module.fail_metrics("CONFLICT_ERROR", metric_name="misspelt")

        @pytest.fixture
        def late():
            yield
            assert False

        @pytest.mark.xfail
        def test_it(late): assert False
        """
    )
    result.assert_outcomes(xfailed=1, errors=1)
    result.stdout.fnmatch_lines(NAMED)


@pytest.mark.parametrize("outcome", ["skip", "xfail"])
def test_a_subtest_is_not_the_test(run, outcome):
    pytest.importorskip("_pytest.subtests", reason="needs pytest 9")
    result = run(
        f"""
        import pytest
        from trainer import INFINITE, log

        @pytest.fixture
        def late(sm_metrics):
            yield
            log("run-1", "loss", INFINITE)

        @pytest.mark.sm_metrics(rejected_metrics="error")
        def test_it(late, subtests):
            with subtests.test("first"):
                pytest.{outcome}()
        """
    )
    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines(["*1 metric was rejected*"])


HOOKS = {
    "the report is not made": """
def pytest_runtest_makereport(call):
    assert call.when != "call"
""",
    "the run ends instead": """
def pytest_runtest_makereport(call):
    if call.when == "call":
        pytest.exit("enough", 0)
""",
    "the report is not shown": """
def pytest_runtest_logreport(report):
    assert report.when != "call"
""",
    "the report is not logged": """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    return bool(runtestprotocol(item, log=False, nextitem=nextitem))
""",
    "the failure is swallowed": """
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    try:
        yield
    except BaseException:
        pass
""",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_conftest_that_loses_the_report(project, hook):
    project.makeconftest("import pytest\n" + HOOKS[hook])
    project.makepyfile(test_it=OWN)
    result = project.runpytest_subprocess()
    assert_fails_and_names(result, NAMED)


def test_a_report_that_is_not_logged_under_xdist(project):
    project.makeconftest("import pytest\n" + HOOKS["the report is not logged"])
    project.makepyfile(test_it=OWN)
    result = project.runpytest_subprocess("-p", "xdist", "-n", "1")
    assert_fails_and_names(result, NAMED)


def test_an_attempt_that_another_plugin_repeats(project):
    project.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, log=False, nextitem=item)
            return bool(runtestprotocol(item, nextitem=nextitem))
        """
    )
    project.makepyfile(
        """
        import contextlib
        from trainer import log

        attempts = []

        def test_it():
            attempts.append(1)
            if len(attempts) == 1:
                with contextlib.suppress(Exception):
                    log("run-1", "loss", 0.5)
        """
    )
    result = project.runpytest_inprocess("--sm-metrics-mode=block")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


FINISHES = {
    "raises": "def pytest_sessionfinish(): 1 / 0",
    "raises first": "@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish(): 1 / 0",
    "raises last": (
        "@pytest.hookimpl(wrapper=True)\ndef pytest_sessionfinish():\n    yield\n    1 / 0"
    ),
    "ends the run": "def pytest_sessionfinish(): pytest.exit('enough', 0)",
}


@pytest.mark.parametrize("finish", FINISHES)
def test_a_conftest_that_disturbs_the_end(project, finish):
    project.makeconftest("import pytest\n" + FINISHES[finish])
    project.makepyfile(test_it=SHARED.format(body="pytest.exit('enough', 0)"))
    assert_fails_and_names(project.runpytest_subprocess(), NAMED)


def test_a_run_without_a_summary(project):
    project.makepyfile(test_it=SHARED.format(body="pytest.exit('enough', 0)"))
    assert_fails_and_names(project.runpytest_subprocess("--no-summary"), NAMED)


def test_a_mock_left_on_by_the_first_test_that_imports_the_package(project):
    project.makepyfile(
        module='''
        def documented():
            """
            >>> from pytest_sm_metrics import mock_sm_metrics
            >>> _ = mock_sm_metrics().start()
            """
        '''
    )
    result = project.runpytest_subprocess("--doctest-modules", "module.py")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*a mock that module.py::module.documented started is still on*"])
