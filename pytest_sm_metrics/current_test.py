"""The test that is running, for code that knows no pytest."""

from __future__ import annotations

from typing import Any


class CurrentTest:
    """The test that is running, as pytest's hooks report it."""

    def __init__(self) -> None:
        self.name: str | None = None
        """Its node id; None between tests, and where no pytest runs."""
        self.phase = ""
        """`setup`, `call` or `teardown`."""


current_test = CurrentTest()


def name_of(node: Any) -> str:
    """Return the node id; of a test without the group that xdist may append to its name."""
    return f"{node.parent.nodeid}::{node.name}" if hasattr(node, "runtest") else node.nodeid
