"""The documentation: its tables are the code's, its blocks run, its commands are CI's."""

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
    "companions/processes.md": ["distributed", "pytest_subprocess"],
    "companions/sagemaker-sdk.md": ["sagemaker"],
    "companions/tracing.md": ["opentelemetry.sdk", "opentelemetry.instrumentation.botocore"],
}
"""The modules that a document's blocks need, and that the extra `test` does not install."""
OPTIONS = {
    "activation.md": "-p hypothesispytest",
    "companions/async-clients.md": "-p asyncio -o asyncio_default_fixture_loop_scope=function",
    # These warnings come from the SDK.
    "companions/sagemaker-sdk.md": (
        "-W ignore::DeprecationWarning -W ignore::UserWarning -W ignore::FutureWarning"
    ),
}
FLAGS = re.MULTILINE | re.DOTALL
TUTORIAL = "tutorial.md"
COMMAND = re.compile(r"^```console\n\$ python -m pytest (.*)\n(.*?)^```$", FLAGS)
BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", FLAGS)
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


def test_text_around_a_table_stays():
    text = "a\n<!-- t: begin -->\n<!-- t: end -->\nb"
    with_table = tables.with_tables(text, {"t": lambda: "| x |"})
    assert with_table == "a\n<!-- t: begin -->\n| x |\n<!-- t: end -->\nb"
    with pytest.raises(ValueError, match="no table u in the document"):
        tables.with_tables(text, {"u": lambda: ""})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_python_block_is_a_file(document):
    assert DOCUMENTS[document].count("```python\n") == len(BLOCKS[document])


def test_the_first_example_has_the_output_that_is_shown(pytester):
    for name in ("train.py", "test_train.py"):
        source = f"# {name}\n{BLOCKS['README.md'][name]}"
        pytester.path.joinpath(name).write_text(source, encoding="utf-8")
    result = pytester.runpytest_subprocess("--tb=short", "-p", "no:xdist")
    result.assert_outcomes(passed=1, failed=1)
    block = r"^```console\n\$ python -m pytest --tb=short\n(.*?)^```$"
    [shown] = re.findall(block, README, FLAGS)
    result.stdout.fnmatch_lines(patterns_of(shown))


def patterns_of(shown):
    """Return the lines of an output, in which three dots stand for anything."""
    lines = [line for line in shown.splitlines() if not re.fullmatch(r" +\^+", line)]
    return [line.replace("...", "*").replace("[", "[[]") for line in lines]


@pytest.mark.parametrize(("arguments", "shown"), COMMAND.findall(DOCUMENTS[TUTORIAL]))
def test_the_tutorial_shows_the_output_of_its_commands(pytester, arguments, shown):
    for name, source in BLOCKS[TUTORIAL].items():
        pytester.path.joinpath(name).write_text(source, encoding="utf-8")
    [configuration] = re.findall(r"^```ini\n# pytest.ini\n(.*?)^```$", DOCUMENTS[TUTORIAL], FLAGS)
    pytester.makeini(configuration)
    result = pytester.runpytest_subprocess(*arguments.split(), "-p", "no:xdist")
    result.stdout.fnmatch_lines(patterns_of(shown))


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != TUTORIAL])
def test_the_other_blocks_pass(pytester, document):
    for module in NEEDS.get(document, []):
        if not _is_installed(module):
            pytest.skip(f"needs {module}, which the extra compat brings")
    others = dict(BLOCKS[document])
    for name in ("train.py", "test_train.py"):
        others.pop(name, None)
    for name, source in others.items():
        pytester.path.joinpath(name).write_text(source, encoding="utf-8")
    if others:
        options = OPTIONS.get(document, "").split()
        assert pytester.runpytest_subprocess("-W", "error", *options).ret == 0


def _is_installed(module):
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def test_links_lead_somewhere():
    for path in {*PATHS, *ROOT.glob("*.md")}:
        for link in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_ci_runs_the_readmes_test_command():
    [command] = re.findall(r"^python3 -m venv .*\[test\].*$", README, re.MULTILINE)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def described_members():
    """Return the members that the reference names, by class."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    table = r"^\| `(\w+)` \| \|\n\| --- \| --- \|\n((?:\|.*\n)+)"
    described = {}
    for name, rows in re.findall(table, text, re.MULTILINE):
        cells = "\n".join(row.split(" | ")[0] for row in rows.splitlines())
        described[name] = set(re.findall(r"`(\w+)(?:\(.*?\))?`", cells))
    return described


def test_the_reference_names_the_members_that_exist():
    described = described_members()
    with pytest_sm_metrics.mock_sm_metrics(rejected_metrics="ignore") as sm_metrics:
        client = client_in("us-east-1")
        put(client, "run-1", metric(value=INFINITE), metric())
        trail = sm_metrics.cloudtrail.create_trail("audit")
        fault = sm_metrics.fail_calls("ThrottlingException", optional=True)
        server = sm_metrics.serve()
    run = sm_metrics["run-1"]
    things = [sm_metrics, run, run["loss"], run.metrics[0], sm_metrics.rejected[0]]
    things += [sm_metrics.calls[0], sm_metrics.cloudtrail, trail, fault]
    things += [pytest_sm_metrics.RULES[0], server]
    existing = {type(thing).__name__: set(dir(thing)) for thing in things}
    existing["Fault"] = existing.pop("CallFault")
    assert described.keys() == existing.keys()
    for name, members in described.items():
        assert members - {"len", "list", "in"} <= existing[name], name
