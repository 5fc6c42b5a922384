"""The schema of reports, for tests that validate them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

import pytest_sm_metrics.reports

PATH = Path(pytest_sm_metrics.reports.__file__).with_name("report.schema.json")


def validate(run):
    """Raise an error for a run that the schema does not allow."""
    schema = json.loads(PATH.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(run)
