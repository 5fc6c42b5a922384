"""Installed but unused, the plugin changes nothing."""

from __future__ import annotations


def test_a_project_that_does_not_use_it(pytester):
    pytester.makepyfile(
        """
        import sys, warnings

        def test_botocore_is_not_imported():
            assert "botocore" not in sys.modules
            package = "pytest_sm_metrics"
            found = [name for name in sys.modules if name.startswith(package)]
            ours = {name.removeprefix(package) for name in found}
            assert ours == {"", ".accepted", ".current_test", ".plugin", ".plugin.collection",
                ".plugin.each_fault", ".plugin.failures", ".plugin.fixtures", ".plugin.options",
                ".plugin.reporting", ".plugin.running", ".plugin.session_end", ".settings"}

        def test_a_failing_comparison_is_pytests_own():
            assert [1] == [2]
        """
    )
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*At index 0 diff: 1 != 2"])


def test_it_can_be_switched_off(pytester):
    pytester.makepyfile("def test_it(sm_metrics): ...")
    result = pytester.runpytest_subprocess("-p", "no:sm_metrics")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'sm_metrics' not found"])


def test_it_may_be_named_as_a_plugin_as_well(pytester):
    pytester.makepyfile(
        """
        pytest_plugins = ["pytest_sm_metrics.plugin"]

        def test_it(sm_metrics):
            assert sm_metrics.calls == ()
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)
    named = ("-p", "pytest_sm_metrics.plugin")
    pytester.runpytest_subprocess("-W", "error", *named).assert_outcomes(passed=1)


def test_it_may_be_named_alone(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS")
    pytester.makepyfile("def test_it(sm_metrics): ...")
    named = ("-p", "pytest_sm_metrics.plugin")
    pytester.runpytest_subprocess("-W", "error", *named).assert_outcomes(passed=1)


def test_it_may_be_imported_before_pytest_starts(pytester):
    pytester.makepyfile(test_it="def test_it(sm_metrics): ...")
    pytester.makepyfile(
        main="""
        import pytest, pytest_sm_metrics
        from pytest_sm_metrics import mock_sm_metrics
        raise SystemExit(pytest.main(["-W", "error", "test_it.py"]))
        """
    )
    assert pytester.runpython("main.py").ret == 0
