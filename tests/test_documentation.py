"""The documentation is true: its tables are the code's, its blocks run, its commands are CI's."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import pytest_sm_metrics

from .logging_metrics import INFINITE, client_in, metric, put

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PATHS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix().removeprefix("docs/"): path.read_text(encoding="utf-8")
    for path in PATHS
}
NEEDS = {
    "companions/async-clients.md": ["aioboto3", "anyio", "pytest_asyncio", "trio"],
    "companions/processes.md": ["pytest_subprocess"],
    "companions/sagemaker-sdk.md": ["sagemaker"],
    "companions/tracing.md": ["opentelemetry.sdk", "opentelemetry.instrumentation.botocore"],
}
"""Return the modules that a document's blocks need beside the extra `test`."""
OPTIONS = {
    "companions/async-clients.md": [
        "-p",
        "asyncio",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
    ],
    "companions/sagemaker-sdk.md": [
        "-W",
        "ignore::DeprecationWarning",
        "-W",
        "ignore::UserWarning",
    ],  # the SDK's own
}
BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = {name: dict(BLOCK.findall(text)) for name, text in DOCUMENTS.items()}


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tables = load(ROOT / "docs" / "tables.py")


@pytest.mark.parametrize("name", tables.TABLES)
def test_tables_are_the_codes(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == tables.with_tables(text, tables.TABLES[name]), "run python docs/tables.py"


def test_what_stands_around_a_table_stays():
    text = "a\n<!-- t: begin -->\n<!-- t: end -->\nb"
    assert (
        tables.with_tables(text, {"t": lambda: "| x |"})
        == "a\n<!-- t: begin -->\n| x |\n<!-- t: end -->\nb"
    )
    with pytest.raises(ValueError, match="no table u in the document"):
        tables.with_tables(text, {"u": lambda: ""})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_python_block_is_a_file(document):
    assert DOCUMENTS[document].count("```python\n") == len(BLOCKS[document])


def test_the_first_example_has_the_output_that_is_shown(pytester):
    for name in ("train.py", "test_train.py"):
        pytester.path.joinpath(name).write_text(
            f"# {name}\n{BLOCKS['README.md'][name]}", encoding="utf-8"
        )
    result = pytester.runpytest_subprocess("--tb=short", "-p", "no:xdist")
    result.assert_outcomes(passed=1, failed=1)
    [shown] = re.findall(
        r"^```console\n\$ python -m pytest --tb=short\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
    carets = re.compile(r" +\^+")
    result.stdout.fnmatch_lines(
        [
            line.replace("...", "*").replace("[", "[[]")
            for line in shown.splitlines()
            if not carets.fullmatch(line)
        ]
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_other_blocks_pass(pytester, document):
    for module in NEEDS.get(document, []):
        if not _is_installed(module):
            pytest.skip(f"needs {module}, which the extra compat brings")
    others = {
        name: source
        for name, source in BLOCKS[document].items()
        if name not in ("train.py", "test_train.py")
    }
    for name, source in others.items():
        pytester.path.joinpath(name).write_text(source, encoding="utf-8")
    if others:
        assert pytester.runpytest_subprocess("-W", "error", *OPTIONS.get(document, [])).ret == 0


def _is_installed(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def test_links_lead_somewhere():
    for path in PATHS:
        for link in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_ci_runs_the_readmes_test_command():
    [command] = re.findall(r"^python3 -m venv .*\[test\].*$", README, re.MULTILINE)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_reference_names_what_there_is():
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    described = {}
    for name, rows in re.findall(
        r"^\| `(\w+)` \| \|\n\| --- \| --- \|\n((?:\|.*\n)+)", text, re.MULTILINE
    ):
        cells = [row.split(" | ")[0] for row in rows.splitlines()]
        described[name] = {
            member for cell in cells for member in re.findall(r"`(\w+)(?:\(.*?\))?`", cell)
        }
    with pytest_sm_metrics.mock_sm_metrics(rejected_metrics="ignore") as sm_metrics:
        client = client_in("us-east-1")
        put(client, "run-1", metric(value=INFINITE), metric())
        trail = sm_metrics.cloudtrail.create_trail("audit")
        fault = sm_metrics.fail_calls("ThrottlingException", optional=True)
    run = sm_metrics["run-1"]
    things = [
        sm_metrics,
        run,
        run["loss"],
        run.metrics[0],
        sm_metrics.rejected[0],
        sm_metrics.calls[0],
        sm_metrics.cloudtrail,
        trail,
        fault,
    ]
    there_is = {
        type(thing).__name__: set(dir(thing)) for thing in [*things, pytest_sm_metrics.RULES[0]]
    }
    there_is["Fault"] = there_is.pop("CallFault")
    assert described.keys() == there_is.keys()
    missing = {
        name: members - there_is[name] - {"len", "list", "in"}
        for name, members in described.items()
    }
    assert not any(missing.values()), missing
