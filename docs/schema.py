"""The JSON schema of reports. `python docs/schema.py` writes it from the code.

It is made of the TypedDicts of `reports/record.py` and `reports/run.py`: their annotations, and
the docstrings below their keys.
"""

from __future__ import annotations

import ast
import inspect
import json
import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from pytest_sm_metrics.reports import record, run

PATH = Path(run.__file__).with_name("report.schema.json")
_SIMPLE: dict[Any, dict[str, Any]] = {
    Any: {},
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}


def schema() -> dict[str, Any]:
    """Return the schema of a report."""
    definitions: dict[str, Any] = {}
    root = _reference(run.RunRecord, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:pytest-sm-metrics:report:{run.FORMAT}",
        "title": "A report of pytest-sm-metrics",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _reference(record_type: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to the schema of a TypedDict, which is among the definitions."""
    name = record_type.__name__
    if name not in definitions:
        definitions[name] = {}  # its place
        definitions[name] = _of_record(record_type, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _of_record(record_type: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    described = _descriptions()
    properties: dict[str, Any] = {}
    for key, hint in get_type_hints(record_type).items():
        properties[key] = _of(hint, definitions)
        texts = (described.get((one, key)) for one in (record_type.__name__, "TestRecord"))
        description = next(filter(None, texts), None)
        if description:
            properties[key] = {"description": description, **properties[key]}
    if "format" in properties:
        properties["format"]["const"] = run.FORMAT
    return {
        "description": inspect.getdoc(record_type),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an annotation."""
    if is_typeddict(hint):
        return _reference(hint, definitions)
    if hint in _SIMPLE:
        return dict(_SIMPLE[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(one, definitions) for one in arguments]}
    if origin is list:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    raise TypeError(f"no schema for {hint!r}")


def _descriptions() -> dict[tuple[str, str], str]:
    """Return the docstrings below the keys of all TypedDicts, by class and key."""
    found: dict[tuple[str, str], str] = {}
    for module in (record, run):
        classes = [
            node
            for node in ast.parse(inspect.getsource(module)).body
            if isinstance(node, ast.ClassDef)
        ]
        for one in classes:
            for key, text in zip(one.body, one.body[1:], strict=False):
                if isinstance(key, ast.AnnAssign) and isinstance(text, ast.Expr):
                    found[one.name, ast.unparse(key.target)] = _joined(ast.literal_eval(text.value))
    return found


def _joined(text: str) -> str:
    return " ".join(text.split())


def as_text() -> str:
    """Return the schema as the file has it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(as_text(), encoding="utf-8", newline="\n")
