"""Ini options: defaults for every mock, in every configuration file that pytest reads."""

from __future__ import annotations

import importlib.util

import pytest

FILES = {
    "pytest.ini": "[pytest]\nsm_metrics_{name} = {ini}",
    "tox.ini": "[pytest]\nsm_metrics_{name} = {ini}",
    "setup.cfg": "[tool:pytest]\nsm_metrics_{name} = {ini}",
    "pyproject.toml": "[tool.pytest.ini_options]\nsm_metrics_{name} = {toml}",
}
NATIVE = {
    "pytest.toml": "[pytest]\nsm_metrics_{name} = {toml}",
    "pyproject.toml (native)": "[tool.pytest]\nsm_metrics_{name} = {toml}",
}
IF_NATIVE = pytest.mark.skipif(pytest.version_tuple < (9,), reason="native TOML came with pytest 9")
EVERY_FILE = [*FILES, *(pytest.param(name, marks=IF_NATIVE) for name in NATIVE)]

SETTINGS = {
    "account_id": "111122223333",
    "organization_id": "o-exampleorg1",
    "caller_arn": "sagemaker.amazonaws.com",
    "metric_limit": 7,
    "metric_name_limit": 0,
    "unknown_trial_component": "reject",
    "concurrent_writes": "conflict",
    "timestamp_window": "14d,1.5h",
    "query_limit": 1000,
    "fast_retries": False,
    "unused_faults": "ignore",
    "rejected_metrics": "error",
    "child_processes": "answer" if importlib.util.find_spec("aiohttp") else "refuse",
    "seed": -3,
}


def write(project, file, **options):
    template = {**FILES, **NATIVE}[file]
    lines = [
        template.format(name=name, ini=value, toml=toml(value)) for name, value in options.items()
    ]
    head = lines[0].split("\n")[0]
    project.path.joinpath(file.split(" ")[0]).write_text(
        "\n".join([head, *(line.split("\n")[1] for line in lines)]), encoding="utf-8"
    )


def toml(value):
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


@pytest.mark.parametrize("file", EVERY_FILE)
def test_every_file(project, file):
    write(project, file, **SETTINGS, mode="mock")
    project.makepyfile(
        """
        import datetime
        import importlib.util
        import pytest
        from pytest_sm_metrics import current, mock_sm_metrics

        EXPECTED = {
            "account_id": "111122223333",
            "organization_id": "o-exampleorg1",
            "caller_arn": "sagemaker.amazonaws.com",
            "metric_limit": 7,
            "metric_name_limit": 0,
            "unknown_trial_component": "reject",
            "concurrent_writes": "conflict",
            "fast_retries": False,
            "unused_faults": "ignore",
            "child_processes": "answer" if importlib.util.find_spec("aiohttp") else "refuse",
            "faults": (),
            "timestamp_window": (
                datetime.timedelta(days=14),
                datetime.timedelta(hours=1, minutes=30),
            ),
            "query_limit": 1000,
            "rejected_metrics": "error",
            "seed": -3,
        }

        def settings(mock):
            return vars(mock._service.settings)

        def test_the_fixtures(sm_metrics, sm_metrics_session):
            assert settings(sm_metrics) == settings(sm_metrics_session) == EXPECTED

        def test_the_mode_and_its_mock():
            assert settings(current()) == EXPECTED

        def test_a_context_manager_with_a_keyword_over_them():
            with mock_sm_metrics(seed=1) as sm_metrics:
                assert settings(sm_metrics) == {**EXPECTED, "seed": 1}

        @mock_sm_metrics
        def test_a_decorator():
            assert settings(current()) == EXPECTED
        """
    )
    project.runpytest_inprocess("-W", "error").assert_outcomes(passed=4)


def test_they_hold_under_xdist_and_can_be_overridden(run, project):
    project.makefile(".ini", pytest="[pytest]\nsm_metrics_metric_limit = 1")
    result = run(
        "def test_it(sm_metrics): assert sm_metrics._service.settings.metric_limit == 2",
        "-o",
        "sm_metrics_metric_limit=2",
    )
    result.assert_outcomes(passed=1)


def test_they_are_gone_after_the_run(project):
    from pytest_sm_metrics import mock_sm_metrics

    project.makepyfile("def test_it(): pass")
    project.runpytest_inprocess("-o", "sm_metrics_metric_limit=2").assert_outcomes(passed=1)
    with mock_sm_metrics() as sm_metrics:
        assert sm_metrics._service.settings.metric_limit is None


WRONG = {
    "account_id": ("12", "12", "a string of 12 digits"),
    "organization_id": (
        "r-exampleorg1",
        "r-exampleorg1",
        "o- and 10 to 32 lower-case letters or digits",
    ),
    "caller_arn": (
        "arn:aws:iam::123456789012:role/trainer",
        "arn:aws:iam::123456789012:role/trainer",
        "the ARN of an IAM user or of an assumed role's session, or a service principal as "
        "sagemaker.amazonaws.com",
    ),
    "concurrent_writes": ("reject", "reject", '"accept" or "conflict"'),
    "fast_retries": ("perhaps", "perhaps", "True or False"),
    "unused_faults": ("warn", "warn", '"error" or "ignore"'),
    "metric_limit": ("many", "many", "a whole number from 0"),
    "metric_name_limit": (-1, -1, "a whole number from 0"),
    "unknown_trial_component": ("ignore", "ignore", '"create" or "reject"'),
    "timestamp_window": (
        "14 days",
        "14 days",
        "two durations, past and future, as 14d,2h (d, h, m or s)",
    ),
    "rejected_metrics": (True, "True", '"ignore" or "error"'),
    "seed": (1.5, 1.5, "a whole number"),
    "mode": (False, "False", '"off" or "block" or "mock"'),
}


@pytest.mark.parametrize("file", EVERY_FILE)
def test_every_wrong_value_is_refused_at_once_with_name_value_and_what_is_accepted(project, file):
    write(project, file, **{name: value for name, (value, _, _) in WRONG.items()})
    project.makepyfile("def test_it(): print('ran')")
    result = project.runpytest_inprocess("-s")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = [line.removeprefix("ERROR: ") for line in result.errlines]
    for name, (value, _, accepted) in WRONG.items():
        shown = {
            f"ini option sm_metrics_{name} is {form!r}; accepted is {accepted}."
            for form in (value, str(value), toml(value))
        }
        assert shown & set(lines), name
    result.stdout.no_fnmatch_line("ran")


@pytest.mark.parametrize(
    "text", ["", "14d", "14d,2h,1m", "14,2", "-1d,2h", "1w,2h", "d,h", "9999999999d,1h", "nan d,1h"]
)
def test_windows_that_are_none(project, text):
    project.makepyfile("def test_it(): pass")
    result = project.runpytest_inprocess("-o", f"sm_metrics_timestamp_window={text}")
    result.stderr.fnmatch_lines(
        [f"ERROR: ini option sm_metrics_timestamp_window is '{text}'; accepted is *"]
    )


def test_a_list_is_no_window(project):
    project.path.joinpath("pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nsm_metrics_timestamp_window = ["14d", "2h"]'
    )
    result = project.runpytest_inprocess()
    result.stderr.fnmatch_lines(
        ["ERROR: ini option sm_metrics_timestamp_window is [[]'14d', '2h']; accepted is *"]
    )
    result.stderr.no_fnmatch_line("*Warning*")


def test_an_unknown_option_is_refused_with_the_nearest(run, project):
    project.makefile(".ini", pytest="[pytest]\nsm_metrics_metirc_limit = 3")
    result = run("def test_it(): pass", "-o", "sm_metrics_sed=1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines_random(
        [
            "*unknown ini option sm_metrics_metirc_limit = '3'; did you mean "
            "'sm_metrics_metric_limit'? The options are: sm_metrics_account_id, *",
            "*unknown ini option sm_metrics_sed = '1'; did you mean 'sm_metrics_seed'*",
        ]
    )


def test_faults_are_no_option(project):
    result = project.runpytest_inprocess("-o", "sm_metrics_faults=x")
    result.stderr.fnmatch_lines(
        [
            "ERROR: unknown ini option sm_metrics_faults = 'x': faults go into the marker or into "
            "mock_sm_metrics(faults=[[]...])."
        ]
    )


def test_an_option_of_another_plugin_is_its_own(project):
    project.makeconftest("def pytest_addoption(parser): parser.addini('sm_metrics_colour', 'help')")
    project.makepyfile(
        "def test_it(pytestconfig): assert pytestconfig.getini('sm_metrics_colour') == 'green'"
    )
    project.runpytest_inprocess("-o", "sm_metrics_colour=green").assert_outcomes(passed=1)


def test_they_are_in_the_help(pytester):
    pytester.runpytest_inprocess("--help").stdout.fnmatch_lines_random(
        ["*sm_metrics_metric_limit (int):*", "*--sm-metrics-mode=*"]
    )
