"""The cost of activations after the first, and of starts of the server after the first."""

from __future__ import annotations

import pyperf
from training import new_client

from pytest_sm_metrics import SageMakerMetricsServer, mock_sm_metrics


def main() -> None:
    runner = pyperf.Runner()
    new_client()
    runner.bench_func("activation", _activate)
    runner.bench_func("start of the server", _start_server)


def _activate() -> None:
    with mock_sm_metrics():
        pass


def _start_server() -> None:
    with SageMakerMetricsServer():
        pass


if __name__ == "__main__":
    main()
