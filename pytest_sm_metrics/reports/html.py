"""The report of a run as an HTML page."""

from __future__ import annotations

import html
import json

from .run import RunRecord


def page(run: RunRecord) -> str:
    """Return a run as one page that stands alone."""
    data = html.escape(json.dumps(run, ensure_ascii=False, allow_nan=False))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>SageMaker Metrics</title><pre>{data}</pre></html>\n"
    )
