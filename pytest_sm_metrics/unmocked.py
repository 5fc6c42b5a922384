"""Calls that no mock can answer: the error that they raise instead of reaching AWS."""

from __future__ import annotations


class UnmockedCallError(RuntimeError):
    """A SageMaker Metrics call that no mock could answer. It did not reach AWS."""

    def __init__(
        self,
        message: str,
        operation: str | None = None,
        trial_component: str | None = None,
        test: str | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        """`BatchPutMetrics` or `BatchGetMetrics`."""
        self.trial_component = trial_component
        """The TrialComponentName as sent; None where the request has none."""
        self.test = test
        """The node id of the test that ran at that moment; None between tests."""
