"""The line after the last test, and the counts of each test in junit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

TWO = ("-p", "xdist", "-n", "2")
SOURCE = """
from trainer import log, INFINITE

def test_without():
    pass

def test_logs(sm_metrics):
    log("run-1", "loss", 0.5, 0.4)
    log("run-1", "loss", 0.3)

def test_does_not_look(sm_metrics):
    log("run-1", "loss", 0.5, INFINITE)
    assert sm_metrics["run-1"]["loss"].values == [0.5]
"""
LOOKS = """
import pytest
from trainer import log, INFINITE

@pytest.mark.sm_metrics(rejected_metrics="ignore")
def test_it(sm_metrics):
    log("run-1", "loss", 0.5, INFINITE)
    {look}
"""


def lines(result):
    return [line for line in result.outlines if line.startswith("SageMaker Metrics: ")]


def test_one_line(run):
    result = run(SOURCE)
    assert lines(result) == [
        "SageMaker Metrics: 2 tests used a mock, 3 calls, 4 metrics; 1 rejected metric that no "
        "test looked at, in test_it.py::test_does_not_look"
    ]


def test_it_names_five_tests(run):
    result = run(
        """
        import pytest
        from trainer import log, INFINITE

        @pytest.mark.parametrize("number", range(8))
        def test_it(sm_metrics, number):
            log("run-1", "loss", INFINITE)
        """
    )
    [line] = lines(result)
    named = ", ".join(f"test_it.py::test_it[{number}]" for number in range(5))
    assert line.endswith(f"; 8 rejected metrics that no test looked at, in {named}, ... and 3 more")


def test_workers_count_together(project):
    project.makepyfile(test_it=SOURCE)
    [line] = lines(project.runpytest_subprocess(*TWO))
    assert line.startswith("SageMaker Metrics: 2 tests used a mock, 3 calls, 4 metrics; 1 ")


@pytest.mark.parametrize("option", ["-q", "--no-summary"])
def test_no_line_if_none_is_wanted(project, option):
    project.makepyfile(test_it=SOURCE)
    result = project.runpytest_inprocess(option, "--sm-metrics-report=report.md")
    assert lines(result) == []
    assert "SageMaker Metrics report" not in result.stdout.str()
    assert (project.path / "report.md").exists()


def test_no_line_without_a_mock(run):
    assert lines(run("def test_it(): ...")) == []


def test_colors(project):
    project.makepyfile(test_it=SOURCE)
    result = project.runpytest_inprocess("--color=yes")
    [line] = [line for line in result.outlines if "SageMaker Metrics: " in line]
    assert line.startswith("\x1b[33mSageMaker Metrics: ")
    result = project.runpytest_inprocess("--color=yes", "-k", "logs")
    assert lines(result) == ["SageMaker Metrics: 1 test used a mock, 2 calls, 3 metrics"]


@pytest.mark.parametrize(
    "look",
    [
        "assert sm_metrics.rejected",
        "assert len(sm_metrics.calls) == 1",
        "assert sm_metrics.to_dict()",
        "assert sm_metrics.assert_no_rejected_metrics(region='eu-west-1')",
        "sm_metrics.wait_for(lambda mock: mock.rejected)",
        "sm_metrics.reset()",
    ],
)
def test_a_test_that_looks(project, look):
    project.makepyfile(test_it=LOOKS.format(look=look))
    [line] = lines(project.runpytest_inprocess())
    assert "looked" not in line


@pytest.mark.parametrize(
    "look",
    [
        "repr(sm_metrics)",
        "assert sm_metrics.assert_called(times=1, region='us-east-1')",
        "assert sm_metrics.assert_logged('run-1', 'loss', count=1, region='us-east-1')",
        "sm_metrics.rejected; log('run-1', 'loss', INFINITE)",
        "sm_metrics.calls; sm_metrics.reset(); log('run-1', 'loss', INFINITE)",
    ],
)
def test_a_test_that_does_not_look(project, look):
    project.makepyfile(test_it=LOOKS.format(look=look))
    [line] = lines(project.runpytest_inprocess())
    assert "; 1 rejected metric that no test looked at" in line


def test_metrics_that_a_fault_rejected_need_no_look(run):
    result = run(
        """
        from trainer import log

        def test_it(sm_metrics):
            sm_metrics.fail_metrics("CONFLICT_ERROR")
            log("run-1", "loss", 0.5)
        """
    )
    assert lines(result) == ["SageMaker Metrics: 1 test used a mock, 1 call, 0 metrics"]


def test_a_finding_is_a_look(run):
    result = run(LOOKS.format(look="").replace('"ignore"', '"error"'))
    result.assert_outcomes(failed=1)
    assert lines(result) == ["SageMaker Metrics: 1 test used a mock, 1 call, 1 metric"]


def test_names_are_printable(run):
    result = run(
        r"""
        import pytest
        from trainer import log, INFINITE

        @pytest.mark.parametrize("name", [pytest.param("", id="\u202e\u0007")])
        def test_it(sm_metrics, name):
            log("run-1", "loss", INFINITE)
        """
    )
    [line] = lines(result)
    assert line.isprintable()


@pytest.mark.parametrize("family", ["xunit2", "xunit1", "legacy"])
@pytest.mark.parametrize("options", [(), TWO], ids=["plain", "xdist"])
def test_properties_in_junit_xml(project, family, options):
    project.makepyfile(test_it=SOURCE)
    result = project.runpytest_subprocess(
        "--junitxml=junit.xml", "-o", f"junit_family={family}", "-W", "error", *options
    )
    assert result.ret == 0
    cases = {
        case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in ET.parse(project.path / "junit.xml").iter("testcase")
    }
    names = ("sm_metrics_calls", "sm_metrics_metrics", "sm_metrics_rejected")
    assert cases == {
        "test_without": {},
        "test_logs": dict(zip(names, ("2", "3", "0"), strict=True)),
        "test_does_not_look": dict(zip(names, ("1", "1", "1"), strict=True)),
    }
