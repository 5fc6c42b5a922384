"""Files of reports: the schema, and reports of one mock outside pytest."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.reports import files

from ..logging_metrics import INFINITE, client_in, metric, put
from .schema import PATH, validate

SCRIPT = Path(__file__).parents[2] / "docs" / "schema.py"


def test_the_schema_is_the_codes():
    spec = importlib.util.spec_from_file_location("schema_script", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert PATH.read_text(encoding="utf-8") == script.as_text(), "run python docs/schema.py"


def test_every_key_with_a_docstring_is_described():
    definitions = json.loads(PATH.read_text(encoding="utf-8"))["$defs"]
    assert len(definitions) == 8
    described = definitions["ResultRecord"]["properties"]
    assert described["outcome"]["description"].startswith("`passed`, `failed`")
    assert described["mocks"]["description"].startswith("The mocks that have calls")
    assert not any(one["additionalProperties"] for one in definitions.values())


@pytest.fixture
def sm_metrics():
    with mock_sm_metrics() as sm_metrics:
        put(client_in("us-east-1"), "run-1", metric(value=INFINITE), metric(value=0.5))
        yield sm_metrics


def test_a_report_of_one_mock(sm_metrics, tmp_path):
    path = sm_metrics.report(str(tmp_path / "run.json"))
    assert path == tmp_path / "run.json"
    text = path.read_text(encoding="utf-8")
    run = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    validate(run)
    assert run["exit_status"] is None
    [test] = run["tests"]
    assert test["outcome"] == ""
    assert test["test"].endswith("::test_a_report_of_one_mock")
    assert test["counts"] == {"calls": 1, "metrics": 1, "rejected": 1, "unread": 1}
    sm_metrics.rejected
    run = json.loads(sm_metrics.report(path).read_text(encoding="utf-8"))
    assert run["counts"]["unread"] == 0


def test_a_report_of_a_mock_that_is_off_and_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with mock_sm_metrics() as sm_metrics:
        pass
    assert sm_metrics.report("run.json") == Path("run.json")
    run = json.loads(Path("run.json").read_text(encoding="utf-8"))
    validate(run)
    assert run["tests"][0]["mocks"] == []


@pytest.mark.parametrize("name", ["run.html", "run.md", "run.MD"])
def test_other_formats(sm_metrics, tmp_path, name):
    text = sm_metrics.report(tmp_path / name).read_text(encoding="utf-8")
    assert text.lower().startswith("<!doctype html>" if name == "run.html" else "## sagemaker")


@pytest.mark.parametrize("name", ["run", "run.txt", "absent/run.md", "."])
def test_a_wrong_path(sm_metrics, tmp_path, name):
    with pytest.raises(ValueError, match=r"Accepted is a file that ends in \.html, \.json or"):
        sm_metrics.report(tmp_path / name)


def test_a_page_without_the_extra(sm_metrics, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'pytest-sm-metrics\[report\]'"):
        sm_metrics.report(tmp_path / "run.html")


def test_a_failed_write_leaves_the_older_file(sm_metrics, tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    path.write_text("older")
    monkeypatch.setattr(files, "_as_json", lambda run: "\ud800")
    assert sm_metrics.report(path).read_bytes() == b"\\ud800"

    def replace(*paths):
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="no space"):
        sm_metrics.report(path)
    assert path.read_bytes() == b"\\ud800"
    assert os.listdir(tmp_path) == ["run.json"]


@pytest.mark.skipif(not hasattr(os, "umask"), reason="permissions of POSIX")
def test_a_link_stays_and_the_permissions_are_usual(sm_metrics, tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "run.json"
    target.touch()
    link.symlink_to(target)
    sm_metrics.report(link)
    assert link.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8"))["format"] == 1
    usual = tmp_path / "usual"
    usual.touch()
    assert target.stat().st_mode == usual.stat().st_mode
