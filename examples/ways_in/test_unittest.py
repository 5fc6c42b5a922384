"""`unittest.TestCase`, with pytest or without it.

Without pytest: `PYTHONPATH=examples python -m unittest examples/ways_in/test_unittest.py`.
"""

from __future__ import annotations

import unittest

from train import MetricLogger

from pytest_sm_metrics import current, mock_sm_metrics


@mock_sm_metrics
class TestLogger(unittest.TestCase):
    """Tests that run in a new mock each, their set-up and teardown included."""

    def setUp(self) -> None:
        """Log the first metric."""
        self.logger = MetricLogger("run-1")
        self.logger.log("loss", 0.9, step=0)
        self.logger.flush()

    def test_it_buffers(self) -> None:
        """Assert that nothing is sent before the buffer is full."""
        self.logger.log("loss", 0.5, step=1)
        self.assertEqual(current()["run-1"]["loss"].values, [0.9])  # noqa: PT009

    def test_it_flushes(self) -> None:
        """Assert that a flush sends everything."""
        self.logger.log("loss", 0.5, step=1)
        self.logger.flush()
        current().assert_logged("run-1", "loss", values=[0.9, 0.5])
