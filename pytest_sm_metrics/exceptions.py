"""The exceptions of the package."""

from __future__ import annotations

from collections.abc import Callable

from .wording import printable_lines


class UnmockedCallError(RuntimeError):
    """A SageMaker Metrics call that no mock could answer. It did not reach AWS."""

    def __init__(
        self,
        message: str,
        operation: str | None = None,
        trial_component: str | None = None,
        test: str | None = None,
    ) -> None:
        super().__init__(printable_lines(message))
        self.operation = operation
        """`BatchPutMetrics` or `BatchGetMetrics`."""
        self.trial_component = trial_component
        """The TrialComponentName as sent; None if the request has none."""
        self.test = test
        """The node id of the test that was running; None between tests."""


class AbsentError(KeyError):
    """A KeyError that lists similar names. It builds its message when the message is read."""

    def __init__(self, key: object, explain: Callable[[], str]) -> None:
        super().__init__(key)
        self._explain = explain

    def __str__(self) -> str:
        return printable_lines(self._explain())

    def __reduce__(self) -> tuple[type[KeyError], tuple[str]]:
        return KeyError, (str(self),)  # `explain` cannot be pickled
