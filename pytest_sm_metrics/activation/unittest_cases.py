"""Test cases of unittest: each test has a new mock, and its method is judged by itself."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any

from ..current_test import current_test
from ..mock import SageMakerMetricsMock
from .functions import Activate
from .hypothesis_examples import Examples, Judged, JudgedMock
from .wrapping import wrap

ACTIVATE = "_sm_metrics_activate"
"""The attribute of a decorated class that activates a mock for each of its tests."""
LEAVE_LATER = "_sm_metrics_leave_later"
"""The attribute of a case whose `tearDown` runs after `run`: a function that gets its contexts."""


def decorate_test_case(cls: Any, activate: Activate) -> Any:
    """Return the class, each of its tests run inside a new mock, with its `setUp`."""
    setattr(cls, ACTIVATE, staticmethod(activate))
    for name in ("run", "debug"):
        setattr(cls, name, _Method(_one_mock_per_test(getattr(cls, name), activate)))
    return cls


class _Method:
    """A method that class decorators of other libraries, such as moto's, do not decorate.

    They decorate the functions in the dict of a class. If moto were active around `run`, it would
    not reset for each test.
    """

    def __init__(self, function: Any) -> None:
        self._function = function

    def __get__(self, case: Any, owner: type) -> Any:
        return self._function.__get__(case, owner)


def _one_mock_per_test(run: Any, activate: Activate) -> Any:
    @functools.wraps(run)
    def run_inside(self: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(self, ACTIVATE) is not activate:  # the settings of a subclass hold
            return run(self, *args, **kwargs)
        with ExitStack() as stack:
            mock = stack.enter_context(activate(self.id()))
            method = CaseMethod(self, JudgedMock(mock), mock.check)
            result = _judged_run(self, mock, method, lambda: run(self, *args, **kwargs))
            leave_later = vars(self).get(LEAVE_LATER)
            if leave_later:
                if not method.passed:
                    stack.callback(mock._findings.take)
                leave_later(stack.pop_all())
            return result

    return run_inside


def _judged_run(
    case: Any, mock: SageMakerMetricsMock, method: CaseMethod, run: Callable[[], Any]
) -> Any:
    """Run a case, and judge it after its method and after its cleanups."""
    with method:

        def judge_what_a_teardown_shows() -> None:
            __tracebackhide__ = True
            if method.passed:
                mock.check()
            elif method.is_skipped and current_test.name is None:  # else pytest's hooks judge it
                mock._leave_findings(unittest.SkipTest)

        case.addCleanup(judge_what_a_teardown_shows)  # the first one: it runs after all others
        try:
            return run()
        finally:
            if method.is_skipped:
                mock._leave_findings()
            mock._findings.take()  # all was reported, or the test failed by itself


class CaseMethod:
    """A context in which the method of a test case is judged when it has passed.

    So the test itself fails, and `expectedFailure` applies.
    """

    def __init__(self, case: Any, judged: Judged, judge: Callable[[], None]) -> None:
        self.passed = self.has_failed = self.is_skipped = False
        """`passed`: True if the method, and then its `tearDown`, has passed.
        `has_failed`: True if a part of it, a `subTest`, has failed."""
        self.judge = judge
        self._case = case
        self._vars: dict[str, Any] = vars(case)
        name: str = case._testMethodName
        test, self._sub_test = getattr(case, name), case.subTest
        self._do_cleanups = case.doCleanups
        self._put = {
            name: wrap(test, lambda: _Run(self, Examples(judged, test))),
            "subTest": self._noting_failures,
            "doCleanups": self._after_teardown,
        }
        self._before = {name: self._vars.get(name) for name in self._put}

    def __enter__(self) -> CaseMethod:
        self._vars.update(self._put)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name, before in self._before.items():
            self._vars.pop(name, None)
            if before is not None:
                self._vars[name] = before

    @contextmanager
    def _noting_failures(self, *args: Any, **kwargs: Any) -> Generator[None]:
        with self._sub_test(*args, **kwargs):
            try:
                yield
            except unittest.SkipTest:
                raise
            except BaseException:
                self.has_failed = True
                raise

    def _after_teardown(self) -> Any:
        self.passed = self.passed and getattr(self._case._outcome, "success", True)
        return self._do_cleanups()


class _Run:
    def __init__(self, method: CaseMethod, examples: Examples) -> None:
        self._method = method
        self._examples = examples

    def __enter__(self) -> None:
        self._examples.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self._examples.__exit__(kind, error, traceback)
        self._method.is_skipped = kind is not None and issubclass(kind, unittest.SkipTest)
        if kind is None and not self._method.has_failed:
            self._method.judge()
            self._method.passed = True


@contextmanager
def judged_when_run(case: Any, judged: Judged, judge: Callable[[], None]) -> Generator[None]:
    """Enter a `CaseMethod` when the case is run: pytest puts the method in place only then."""

    def run(*args: Any, **kwargs: Any) -> Any:
        with CaseMethod(case, judged, judge):
            return type(case).run(case, *args, **kwargs)

    case.run = run
    try:
        yield
    finally:
        del case.run
