"""The test that is running, for code that does not import pytest."""

from __future__ import annotations

from typing import Any


class CurrentTest:
    """The test that is running, as pytest's hooks report it."""

    def __init__(self) -> None:
        self.name: str | None = None
        """Its node id; None between tests and without pytest."""
        self.phase = ""
        """`setup`, `call` or `teardown`."""
        self.owner: Any = None
        """The node that owns what is being set up: the test, or the node of a wider fixture."""


current_test = CurrentTest()


def name_of(node: Any) -> str:
    """Return the node id, without the group that xdist may append to the name of a test."""
    return f"{node.parent.nodeid}::{node.name}" if hasattr(node, "runtest") else node.nodeid
