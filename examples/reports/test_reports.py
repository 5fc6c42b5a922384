"""Reports of a run: an HTML page, data, and a summary for the page of a CI job.

This command writes all three from the examples, in a clone of this repository:

    python -m pytest examples --sm-metrics-report=report.html \
        --sm-metrics-report=report.json --sm-metrics-report=report.md

The tests below run it on one of the examples.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1]
FORMATS = ("html", "json", "md")


def run_pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in another process, in the folder of the project."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=EXAMPLES.parent, capture_output=True, encoding="utf-8", timeout=120
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run the tests of the learning curves; return the reports by format."""
    if "--sm-metrics-report" not in run_pytest("--help").stdout:
        pytest.skip("this version of pytest-sm-metrics writes no reports")
    folder = tmp_path_factory.mktemp("reports")
    paths = {name: folder / f"report.{name}" for name in FORMATS}
    options = [f"--sm-metrics-report={path}" for path in paths.values()]
    result = run_pytest("examples/learning_curves", *options)
    assert result.returncode == 0, result.stdout + result.stderr
    return {name: path.read_text(encoding="utf-8") for name, path in paths.items()}


def test_the_data_has_every_curve(reports: dict[str, str]) -> None:
    run = json.loads(reports["json"])
    by_name = {test["test"].rpartition("::")[2]: test for test in run["tests"]}
    [mock] = by_name["test_the_best_run"]["mocks"]
    curves = {(one["trial_component"], one["metric_name"]): one["values"] for one in mock["series"]}
    assert {name for name, _ in curves} == {"slow", "good", "hasty"}
    assert all(len(values) == 5 for values in curves.values())


def test_the_summary_names_every_test(reports: dict[str, str]) -> None:
    assert reports["md"].startswith("## SageMaker Metrics: ")
    assert "test_the_best_run" in reports["md"]
    assert len(reports["md"].splitlines()) <= 60


def test_the_page_stands_alone(reports: dict[str, str]) -> None:
    assert "test_the_best_run" in reports["html"]
    for request in ('src="http', "src='http", '<link rel="stylesheet" href'):
        assert request not in reports["html"]
