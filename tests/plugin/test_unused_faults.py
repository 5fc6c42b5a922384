"""A fault that never fired fails the test, when its body has passed, and says what came near."""

from __future__ import annotations

import pytest


def test_the_test_fails_and_says_what_came_near(run):
    result = run(
        """
        import pytest
        from trainer import log
        from pytest_sm_metrics import fail_calls, fail_metrics

        def test_misspelt(sm_metrics):
            sm_metrics.fail_metrics("CONFLICT_ERROR", metric_name="los", step=1)
            log("run-1", "loss", 0.9, 0.5)
            log("run-1", "val", 0.9, 0.5)

        def test_no_call(sm_metrics):
            sm_metrics.fail_calls("ThrottlingException", trial_component="run-1")

        def test_too_late(sm_metrics):
            sm_metrics.fail_calls("ThrottlingException", after=3)
            log("run-1", "loss", 0.9)

        def test_another_came_first(sm_metrics):
            fail = sm_metrics.fail_metrics
            with fail("INTERNAL_ERROR"), fail("CONFLICT_ERROR"):
                log("run-1", "loss", 0.9)

        @pytest.mark.sm_metrics(faults=[fail_calls("InternalFailure", region="eu-west-1")])
        class TestIt:
            @pytest.mark.sm_metrics(faults=[fail_metrics("INTERNAL_ERROR", step=5, optional=True)])
            def test_of_a_marker(self, sm_metrics):
                log("run-1", "loss", 0.9)
                assert len(sm_metrics.faults) == 2

        @pytest.mark.sm_metrics(unused_faults="ignore")
        def test_turned_off(sm_metrics):
            sm_metrics.fail_calls("ThrottlingException")

        def test_optional(sm_metrics):
            sm_metrics.fail_calls("ThrottlingException", optional=True)

        def test_fires(sm_metrics):
            sm_metrics.fail_metrics("CONFLICT_ERROR")
            log("run-1", "loss", 0.9)

        @pytest.mark.xfail(strict=True)
        def test_expected(sm_metrics):
            sm_metrics.fail_calls("ThrottlingException")
        """
    )
    result.assert_outcomes(failed=5, passed=3, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_misspelt _*",
            "a fault never fired: fail_metrics('CONFLICT_ERROR', metric_name='los', step=1)",
            "  - 2 metrics came near; what did not match:",
            "  - metric_name was 'loss' (1 time)",
            "  - metric_name was 'val' (1 time)",
            "  turned off by optional=True for this fault, by "
            '@pytest.mark.sm_metrics(unused_faults="ignore") for all',
            "the test itself passed",
            "*- SageMaker Metrics calls -*",
            "*BatchPutMetrics 'run-1' in us-east-1: loss (2) -> 200",
            "*BatchPutMetrics 'run-1' in us-east-1: val (2) -> 200",
            "fail_metrics('CONFLICT_ERROR', metric_name='los', step=1): 0 hits, 0 matches",
            "*_ test_no_call _*",
            "  - no SageMaker Metrics call has reached the mock",
            "*_ test_too_late _*",
            "  - 1 call matched it; the first 3 pass (after=3)",
            "*_ test_another_came_first _*",
            "a fault never fired: fail_metrics('CONFLICT_ERROR')",
            "  - 1 metric matched it; faults that were added earlier fired in its place 1 time",
            "  - it was removed, or its block ended",
            "*_ TestIt.test_of_a_marker _*",
            "a fault never fired: fail_calls('InternalFailure', region='eu-west-1')",
            "  - 1 call came near; what did not match:",
            "  - region was 'us-east-1' (1 time)",
        ]
    )


def test_a_failing_test_keeps_its_own_failure(project):
    project.makepyfile(
        """
        def test_it(sm_metrics):
            sm_metrics.fail_calls("ThrottlingException")
            assert "its own" == "failure"
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("a fault never fired*")


def test_a_shared_mock_is_judged_when_its_scope_ends(project):
    project.makepyfile(
        """
        import pytest
        from trainer import log
        from pytest_sm_metrics import fail_metrics

        fired = fail_metrics("CONFLICT_ERROR", step=0)
        unused = fail_metrics("INTERNAL_ERROR", step=7)

        @pytest.mark.sm_metrics(faults=[fired, unused])
        class TestIt:
            def test_first(self, sm_metrics_class):
                pass

            def test_second(self, sm_metrics_class):
                log("run-1", "loss", 0.9)
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of TestIt.test_second*",
            "a fault never fired: fail_metrics('INTERNAL_ERROR', step=7)",
            '*(unused_faults="ignore") on the class for all',
        ]
    )
    result.stdout.no_fnmatch_line("*fired: fail_metrics('CONFLICT_ERROR'*")


@pytest.mark.usefixtures("with_hypothesis")
def test_examples_of_hypothesis(project):
    project.makepyfile(
        """
        import pytest
        from hypothesis import Phase, given, settings, strategies as st
        from trainer import log
        from pytest_sm_metrics import fail_metrics

        few = settings(max_examples=20, database=None, derandomize=True,
            phases=[Phase.generate, Phase.shrink])

        @few
        @given(st.integers(0, 3))
        @pytest.mark.sm_metrics(faults=[fail_metrics("CONFLICT_ERROR", step=0, times=1)])
        def test_one_that_outlasts_examples_fires_in_some_and_starts_anew_in_each(
            sm_metrics, count
        ):
            assert len(log("run-1", "loss", *[0.5] * count)["Errors"] if count else [1]) == 1

        @few
        @given(st.integers(0, 3))
        @pytest.mark.sm_metrics(faults=[fail_metrics("CONFLICT_ERROR", step=9)])
        def test_never(sm_metrics, count):
            pass

        @few
        @given(st.integers(1, 3))
        def test_one_of_an_example(sm_metrics, count):
            sm_metrics.fail_metrics("CONFLICT_ERROR", step=1)
            log("run-1", "loss", *[0.5] * count)
        """
    )
    result = project.runpytest_inprocess("--tb=short")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*_ test_never _*",
            "a fault never fired: *step=9)",
            "*_ test_one_of_an_example _*",
            "*count=1*",
        ]
    )


def test_a_context_manager_and_check():
    from pytest_sm_metrics import fail_calls, mock_sm_metrics

    with pytest.raises(
        AssertionError,
        match=r"a fault never fired(.|\n)*by mock_sm_metrics\(unused_faults=\"ignore\"\) for all",
    ):
        with mock_sm_metrics(faults=[fail_calls("ThrottlingException")]):
            pass
    with mock_sm_metrics() as sm_metrics:
        sm_metrics.fail_calls("ThrottlingException")
        with pytest.raises(AssertionError, match="a fault never fired"):
            sm_metrics.check()


class TestTheReport:
    SOURCE = """
        import pytest
        from trainer import log

        def test_it(sm_metrics):
            fault = sm_metrics.fail_metrics("CONFLICT_ERROR", step=0, times=1)
            for number in range(12):
                log("run-1", "loss", number)
            log("Run-1", "loss", 1)
        """

    def test_short(self, run):
        result = run(self.SOURCE)
        result.stdout.fnmatch_lines(
            [
                "*- SageMaker Metrics calls -*",
                "3 earlier calls; -vv shows them",
                "??:??:??.??? BatchPutMetrics 'run-1' in us-east-1: loss -> 200",
                "*BatchPutMetrics 'Run-1' in us-east-1: malformed, * bytes -> 400 "
                "ValidationException: 1 validation error detected: *",
                "fail_metrics('CONFLICT_ERROR', step=0, times=1): 1 hit, 12 matches",
            ]
        )

    def test_whole(self, project):
        project.makepyfile(self.SOURCE)
        result = project.runpytest_inprocess("-vv")
        result.stdout.fnmatch_lines(
            [
                "??:??:??.??? BatchPutMetrics 'run-1' in us-east-1: loss=0.0 at step 0 -> 200, 1 "
                "in Errors",
                "    fail_metrics('CONFLICT_ERROR', step=0, times=1)",
                "*loss=11.0 at step 0 -> 200",
            ]
        )
        result.stdout.no_fnmatch_line("*earlier calls*")

    def test_mocks_that_the_test_itself_switched_on(self, project):
        project.makepyfile(
            """
            from pytest_sm_metrics import mock_sm_metrics
            from trainer import log

            def test_it():
                for run in ("run-1", "run-2"):
                    with mock_sm_metrics():
                        log(run, "loss", 0.5)
                assert False
            """
        )
        result = project.runpytest_inprocess()
        result.stdout.fnmatch_lines(
            [
                "mock 1 of 2:",
                "* BatchPutMetrics 'run-1' *",
                "mock 2 of 2:",
                "* BatchPutMetrics 'run-2' *",
            ]
        )

    def test_it_stays_short(self, project):
        project.makepyfile(
            """
            from pytest_sm_metrics import fail_calls, mock_sm_metrics
            from trainer import log

            def test_it():
                for number in range(8):
                    faults = [fail_calls((500, b"x" * 3000), after=9)] * 12
                    with mock_sm_metrics(unused_faults="ignore", faults=faults):
                        log(f"run-{number}", "loss", 0.5)
                assert False
            """
        )
        result = project.runpytest_inprocess("--no-header")
        result.stdout.fnmatch_lines(
            [
                "5 earlier mocks; -vv shows them",
                "mock 6 of 8:",
                "* BatchPutMetrics 'run-5' *",
                "2 more faults; -vv shows them",
            ]
        )
        assert max(map(len, result.outlines)) < 200

    def test_nothing_where_nothing_was_called(self, project):
        project.makepyfile("def test_it(sm_metrics): assert False")
        project.runpytest_inprocess().stdout.no_fnmatch_line("*SageMaker Metrics calls*")


def test_probabilities_repeat_reordered_and_under_xdist(project):
    project.makepyfile(
        test_it="""
        import pathlib, pytest
        from trainer import log

        @pytest.mark.parametrize("number", range(4))
        def test_it(sm_metrics, number):
            sm_metrics.fail_metrics("CONFLICT_ERROR", probability=0.5, optional=True)
            fired = [bool(log("run-1", "loss", 0.5)["Errors"]) for _ in range(20)]
            kept = pathlib.Path(__file__).with_name(f"fired-{number}")
            assert not kept.exists() or kept.read_text() == str(fired)
            kept.write_text(str(fired))
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=4)
    project.runpytest_inprocess("test_it.py::test_it[3]", "test_it.py::test_it[1]").assert_outcomes(
        passed=2
    )
    project.runpytest_subprocess("-p", "xdist", "-n", "2").assert_outcomes(passed=4)
    assert (
        len(
            {
                project.path.joinpath(f"fired-{number}").read_text(encoding="utf-8")
                for number in range(4)
            }
        )
        == 4
    )
