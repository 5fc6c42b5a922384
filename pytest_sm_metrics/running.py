"""The test that is running, as pytest's hooks tell it: code that knows no pytest may ask."""

from __future__ import annotations

from typing import Any

test: str | None = None
"""Its node id; None between tests, and where no pytest runs."""
phase = ""
"""`setup`, `call` or `teardown`."""
mocks: list[Any] = []
"""The last ones that were switched on meanwhile."""
calls_before: dict[Any, tuple[list[Any], int]] = {}
"""The journals of the mocks that were on before it, and how many calls stood in them by then."""


def name_of(node: Any) -> str:
    """The node id; of a test without the group that xdist may append, so that it is the same however tests are run."""
    return f"{node.parent.nodeid}::{node.name}" if hasattr(node, "runtest") else node.nodeid
