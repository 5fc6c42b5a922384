"""The workflows of GitHub: actions that cannot change, sessions that exist, few permissions."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yml"))}
USES = re.compile(r"^ *(?:- )?uses: (\S+)(?: # (\S+).*)?$", re.MULTILINE)
PINNED = re.compile(r"([\w-]+/[\w-]+)@([0-9a-f]{40})")

pytestmark = pytest.mark.skipif(not WORKFLOWS, reason="an sdist has no workflows")


def sessions_of_nox():
    """Return the names of nox's sessions."""
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    return set(re.findall(r"^@nox\.session.*\n(?:@.*\n)*def (\w+)\(", noxfile, re.MULTILINE))


def sessions_in(workflow):
    """Return the names of the sessions that a workflow runs."""
    text = WORKFLOWS[workflow]
    listed = re.findall(r"\bsession: (?:\[([\w, ]+)\]|(\w+))", text)
    found = {name for group in listed for one in group for name in re.findall(r"\w+", one)}
    return found | set(re.findall(r'\bnox -s "?(\w+)', text))


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_actions_are_pinned_by_commit_with_their_version(workflow):
    used = USES.findall(WORKFLOWS[workflow])
    assert used
    for action, version in used:
        if not action.startswith("./"):
            assert PINNED.fullmatch(action), action
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), f"{action} has no version"


def test_an_action_has_one_commit_everywhere():
    commits = defaultdict(set)
    for text in WORKFLOWS.values():
        for action, commit in PINNED.findall(text):
            commits[action].add(commit)
    assert {action: len(found) for action, found in commits.items()} == dict.fromkeys(commits, 1)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_permissions_are_few(workflow):
    text = WORKFLOWS[workflow]
    assert "\npermissions: {}\n" in text
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")
    granted = set(re.findall(r"^ +([\w-]+): (?:write|read)\b", text, re.MULTILINE))
    assert granted <= {"contents", "id-token"}
    assert "contents: write" not in text
    assert ("id-token" in granted) == (workflow == "release.yml")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_sessions_exist(workflow):
    assert sessions_in(workflow) <= sessions_of_nox()


def test_every_session_runs_in_a_workflow():
    run = set().union(*map(sessions_in, WORKFLOWS))
    # The README's command is what the session `tests` runs, and `sweeps` writes a page.
    assert run == sessions_of_nox() - {"tests", "sweeps"}


def test_the_readmes_test_command_is_run():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [command] = re.findall(r"^python3 -m venv .*\[test\].*$", readme, re.MULTILINE)
    assert command in map(str.strip, WORKFLOWS["test.yml"].splitlines())


def test_every_supported_python_is_tested():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    supported = re.findall(r":: Python :: (3\.\d+)", pyproject)
    listed = re.findall(r"^ +python: \[(.*)\]", WORKFLOWS["test.yml"], re.MULTILINE)
    assert re.findall(r"[\d.]+", listed[0]) == supported
