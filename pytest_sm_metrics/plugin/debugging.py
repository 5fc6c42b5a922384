"""The option `--pdb`: pytest calls the `tearDown` of a test case after the debugger."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from ..activation.unittest_cases import LEAVE_LATER
from ..aws.active import active


@contextmanager
def tear_down_inside(item: Any, case: Any) -> Generator[None]:
    """Have a deferred `tearDown` run inside the mocks, which pytest would tear down before it."""
    if not item.config.getoption("usepdb", False):
        yield
        return
    contexts = ExitStack()
    vars(case)[LEAVE_LATER] = contexts.push
    try:
        yield
    finally:
        del vars(case)[LEAVE_LATER]
        if active.stack:  # the last finalizer runs first
            item.addfinalizer(partial(_tear_down, item, contexts))


def _tear_down(item: Any, contexts: ExitStack) -> None:
    tear_down = getattr(item, "_explicit_tearDown", None)
    item._explicit_tearDown = None
    with contexts:
        if tear_down:
            tear_down()
