"""@pytest.mark.sm_metrics: settings; nearer markers override farther ones, and all of them ini."""

from __future__ import annotations

from .conftest import ITEMS


def test_precedence_setting_by_setting(run, project):
    project.makefile(
        ".ini",
        pytest="[pytest]\nsm_metrics_metric_limit = 9\nsm_metrics_metric_name_limit = 9\n"
        "sm_metrics_seed = 9",
    )
    result = run(
        """
        import pytest

        sm = pytest.mark.sm_metrics
        pytestmark = [sm(metric_limit=8, account_id="888888888888")]

        def settings(sm_metrics):
            held = sm_metrics._service.settings
            return held.account_id, held.metric_limit, held.metric_name_limit, held.seed

        def test_module(sm_metrics):
            assert settings(sm_metrics) == ("888888888888", 8, 9, 9)

        @sm(seed=7)
        class TestBase:
            def test_class(self, sm_metrics):
                assert settings(sm_metrics) == ("888888888888", 8, 9, 7)

            @sm(metric_limit=None)
            @sm(seed=6, metric_name_limit=6)
            def test_function(self, sm_metrics):
                assert settings(sm_metrics) == ("888888888888", None, 6, 6)

            @sm(seed=5)
            @sm(seed=4)
            def test_the_nearest_of_two(self, sm_metrics):
                assert settings(sm_metrics)[3] == 4

            @sm(seed=3)
            @pytest.mark.parametrize("seed", [pytest.param(2, marks=sm(seed=2)), 3])
            def test_a_parameter_set(self, sm_metrics, seed):
                assert settings(sm_metrics)[3] == seed

        @sm(seed=1)
        class TestDerived(TestBase):
            def test_class(self, sm_metrics):
                assert settings(sm_metrics)[3] == 1

        @sm
        def test_without_settings(sm_metrics):
            assert settings(sm_metrics)[3] == 9
        """,
        "--strict-markers",
    )
    result.assert_outcomes(passed=12)


def test_a_wrong_one_is_an_error_of_collection(run, project):
    project.makepyfile(test_good="def test_good(): pass")
    result = run(
        """
        import pytest

        class TestClass:
            pytestmark = pytest.mark.sm_metrics(metirc_limit=1)

            @pytest.mark.sm_metrics(100)
            def test_positional(self): ...

            wrong = pytest.mark.sm_metrics(mode="on")

            @pytest.mark.parametrize("number", [pytest.param(1, marks=wrong)])
            def test_mode(self, number): ...
        """
    )
    assert result.ret != 0
    out = result.stdout.str()
    for expected in [
        "test_it.py::TestClass: @pytest.mark.sm_metrics(metirc_limit=1): unknown setting "
        "'metirc_limit'; did you mean 'metric_limit'? The settings are:",
        "test_it.py::TestClass::test_positional: @pytest.mark.sm_metrics(100): it takes settings "
        "and the mode as keywords, and nothing else.",
        "test_it.py::TestClass::test_mode[1]: @pytest.mark.sm_metrics(mode='on'): mode is "
        '\'on\'; accepted is "off" or "block" or "mock".',
    ]:
        assert expected in out
    passed = result.parseoutcomes().get("passed", 0)  # xdist goes on with other files
    result.assert_outcomes(errors=1, passed=passed)


def test_a_wrong_one_of_a_module(project):
    project.makepyfile(
        "import pytest\npytestmark = pytest.mark.sm_metrics(seed=1.5)\ndef test_it(): ..."
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_*.py: @pytest.mark.sm_metrics(seed=1.5): setting seed is 1.5; accepted is a "
            "whole number."
        ]
    )


def test_a_wrong_one_that_a_hook_adds(run, project):
    project.makefile(".yaml", test_it="")
    project.makeconftest(
        ITEMS
        + """
    def runtest(self):
        print("ran")

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.sm_metrics(seed="x", faults=[]))
        item.add_marker(pytest.mark.sm_metrics(faults=3))
"""
    )
    result = run("def test_it(): print('ran')", "-s", "--sm-metrics-mode=mock")
    assert result.ret != 0
    assert (
        "setting seed is 'x'; accepted is a whole number."
        in result.stdout.str() + result.stderr.str()
    )
    assert "ran\n" not in result.stdout.str()


def test_the_marker_is_registered(project):
    project.runpytest_inprocess("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.sm_metrics(*settings): settings of the fixture sm_metrics*"]
    )
