"""The method of a `unittest.TestCase`, judged apart from `setUp`, `tearDown` and cleanups."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from .hypothesis_examples import Examples, Judged
from .wrapping import wrap


class CaseMethod:
    """A context in which the method of a test case is judged when it has passed.

    So the test itself fails, and `expectedFailure` applies.
    """

    def __init__(self, case: Any, judged: Judged, judge: Callable[[], None]) -> None:
        self.passed = self.has_failed = False
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
