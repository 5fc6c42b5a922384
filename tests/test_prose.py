"""The project's texts: docstrings, comments and pages read at the first attempt."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("pytest_sm_metrics", "tests", "examples", "benchmarks", "docs")
SOURCES = [
    *sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
    ROOT / "noxfile.py",
]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

WORDS = (
    "somebody|nobody|whoever|as ever|of (?:its|their) own|"
    "(?:is|are|was|were|be) told|tells?|told|giv(?:e|es|ing)(?: \\w+)? back|given back|gave back"
)
UNWANTED = re.compile(rf"\b(?:{WORDS})\b", re.IGNORECASE)
FIRST_WORD = re.compile(r'^\s*[rbf]?"""\s*(?:What|Whether|Where|Who|How)\b')


def texts_of(source):
    """Return the comments and strings of a module, with their lines."""
    with source.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in (tokenize.COMMENT, tokenize.STRING):
                yield token.start[0], token.string


UNBREAKABLE = ("://", " && ")  # links, and commands that are copied as a whole


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("source", SOURCES, ids=relative)
def test_no_docstring_begins_with_a_question_word(source):
    found = [line for line, text in texts_of(source) if FIRST_WORD.match(text)]
    assert not found, f"lines {found}"


@pytest.mark.parametrize("source", [one for one in SOURCES if one != Path(__file__)], ids=relative)
def test_sources_use_common_words(source):
    found = [
        f"line {line}: {match[0]}"
        for line, text in texts_of(source)
        for match in UNWANTED.finditer(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_pages_use_common_words(page):
    found = [
        f"line {number}: {match[0]}"
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        for match in UNWANTED.finditer(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_pages_have_no_long_lines(page):
    found = [
        number
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 100
        and not line.startswith("|")
        and not any(one in line for one in UNBREAKABLE)
    ]
    assert not found, f"lines {found} are longer than 100 columns"
