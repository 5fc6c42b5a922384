"""The mutants of some files: small changes of their code, and a sample of them."""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names


class Mutant(NamedTuple):
    """A change that an operator of Cosmic Ray makes at one place of a file."""

    file: str
    line: int
    operator: str
    occurrence: int
    key: str  # the same as long as the line and those like it are the same

    def code(self, source: str) -> str:
        """Return the code of the file with the change."""
        return mutate_code(source, _operators()[self.operator], self.occurrence)

    def change(self, source: str) -> tuple[str, str]:
        """Return the changed lines, before and after, with single spaces."""
        old, new = source.splitlines(), self.code(source).splitlines()
        lines = list(difflib.ndiff(old, new))
        before, after = (
            " ".join(" ".join(line[2:] for line in lines if line.startswith(sign)).split())
            for sign in "-+"
        )
        return before, after


def _operators():
    found = {name: get_operator(name) for name in operator_names()}
    return {name: cls() for name, cls in found.items() if not cls.arguments()}


def _lines_that_do_not_run(source: str) -> set[int]:
    """Return the lines of blocks that only type checkers read."""

    def is_unread(node: ast.AST) -> bool:
        if isinstance(node, ast.If):
            return ast.unparse(node.test) == "TYPE_CHECKING"
        return isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)

    return {
        line
        for node in ast.walk(ast.parse(source))
        if is_unread(node)
        for line in range(node.lineno, node.end_lineno + 1)
    }


def _spans_of_annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where annotations begin and end. No module evaluates them."""
    assert "from __future__ import annotations\n" in source or "def " not in source
    return [
        ((child.lineno, child.col_offset), (child.end_lineno, child.end_col_offset))
        for node in ast.walk(ast.parse(source))
        for child in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if child is not None
    ]


def places_of(file: str, source: str) -> dict[tuple, list[Mutant]]:
    """Return the mutants of a file by the place that they change.

    Annotations and caches are left out: results are the same without a cache.
    """
    unread = _lines_that_do_not_run(source)
    annotations = _spans_of_annotations(source)
    nodes = list(ast_nodes(get_ast(source)))
    lines = source.splitlines()
    places = defaultdict(list)
    seen = defaultdict(int)
    for name, operator in _operators().items():
        positions = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(positions):
            text = lines[start[0] - 1].strip()
            seen[name, text] += 1
            annotation = any(first <= start and end <= last for first, last in annotations)
            if not annotation and start[0] not in unread and "lru_cache" not in text:
                key = f"{file} {name} {text} {seen[name, text]}"
                places[start, end].append(Mutant(file, start[0], name, occurrence, key))
    return places


def _rank(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed} {text}".encode()).hexdigest()


def sample(sources: dict[str, str], size: int, seed: int) -> list[Mutant]:
    """Return about `size` mutants: of each file as many as it has places, by their proportion.

    At most one of a place: an operator like `+` has more mutants than a `break`. The mutants are
    ranked by a hash of their text and the seed. A change of one line leaves the others' rank.
    """
    places = {file: places_of(file, source) for file, source in sources.items()}
    total = sum(map(len, places.values()))
    chosen = []
    for of_file in places.values():
        each = [min(ms, key=lambda m: _rank(seed, m.key)) for ms in of_file.values()]
        each.sort(key=lambda mutant: _rank(seed, mutant.key))
        chosen += each[: round(size * len(of_file) / total)]
    return chosen


def read(root: Path, files: list[str]) -> dict[str, str]:
    """Return the sources of the files."""
    return {file: (root / file).read_text(encoding="utf-8") for file in files}
