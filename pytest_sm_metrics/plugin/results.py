"""A test's results: what is judged when its body and its teardown are over, and its report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from typing import Any

import pytest

from ..current_test import name_of
from ..wording import printable_lines, safe_repr
from . import asking
from .fixtures import CLEAN
from .judge import Judge, judge_of


def judging_parts(item: Any, judge_body: Callable[[], None]) -> Any:
    """Return a context in which examples of Hypothesis and methods of test cases are judged.

    `judge_body` judges what the body of the test has done.
    """
    case = getattr(item, "instance", None)
    unittest: Any = sys.modules.get("unittest")
    if unittest and isinstance(case, unittest.TestCase):
        from ..activation.unittest_cases import judged_when_run
        from .debugging import tear_down_inside

        stack = ExitStack()
        stack.enter_context(tear_down_inside(item, case))
        judge = judge_of(item.config)
        stack.enter_context(judged_when_run(case, judge, judge_body))
        return stack
    if "hypothesis" not in sys.modules:
        return nullcontext()
    from ..activation.hypothesis_examples import Examples, function_scope_allowed

    test = getattr(item, "obj", None)
    arguments = getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
    stack = ExitStack()
    if CLEAN.intersection(arguments):
        others = [name for name in arguments if _is_other_of_function_scope(item, name)]
        stack.enter_context(function_scope_allowed(test, others))
    stack.enter_context(Examples(judge_of(item.config), test))
    return stack


def _is_other_of_function_scope(item: Any, name: str) -> bool:
    """Return True for a user's fixture of function scope, False for an argument of parametrize."""
    is_fixture = item.session._fixturemanager.getfixturedefs(name, item)
    return bool(is_fixture) and name not in CLEAN and asking.scope_of(item, name) == "function"


def failure(message: str, of_teardown: bool = False) -> BaseException:
    """Return what `pytest.fail` raises, for an `xfail` that names AssertionError too."""
    bases: Any = (pytest.fail.Exception, AssertionError)
    failed: Any = type("Failed", bases, {"__module__": "builtins", "_is_of_teardown": of_teardown})
    made: BaseException = failed(printable_lines(message), pytrace=False)
    return made


def found_in_teardown(judge: Judge, outcome: str, remaining: list[Any]) -> list[str]:
    """Return the findings that are an error of the teardown, whatever the test itself did.

    `remaining`: the nodes that are not torn down yet.
    """
    left_over = judge.stop_leftovers(remaining)
    found = judge.take_findings(unused=outcome == "passed")
    judge.take()  # faults that a test could not use, since it did not run to its end
    causes = judge.causes_beside(outcome)
    return [*(one.message for one in found if one.cause in causes), *left_over]


def sections_of(item: pytest.Item, judge: Judge, also_found: list[str]) -> list[tuple[str, str]]:
    """Return the sections of a failing test. What goes wrong here must not end the run."""
    found = [("SageMaker Metrics findings", one) for one in also_found]
    try:
        from ..reports.failure_section import sections

        is_whole = item.config.get_verbosity() >= 2
        return [*sections(name_of(item), judge.blocked, is_whole), *found]
    except Exception as error:
        why = printable_lines(f"this section could not be made: {safe_repr(error)}")
        return [("SageMaker Metrics calls", why), *found]
