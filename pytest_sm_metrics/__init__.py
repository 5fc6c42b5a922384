"""A pytest plugin that stands in for Amazon SageMaker Metrics.

PYTEST_DONT_REWRITE: it may be imported before pytest starts, and has no assertions to rewrite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .activation.activation import current, mock_sm_metrics
    from .cloudtrail.cloudtrail import CloudTrail
    from .cloudtrail.trail import Trail
    from .exceptions import UnmockedCallError
    from .faults import delay_calls, fail_calls, fail_metrics, fail_queries
    from .mock import SageMakerMetricsMock
    from .reading.recorded import Metric, MetricSeries, RejectedMetric, TrialComponent
    from .server.server import SageMakerMetricsServer
    from .service.faults.fault import Fault
    from .service.journal import Call
    from .service.rule import Rule
    from .service.rules import RULES
    from .sweeps.failure_modes import every_fault
    from .sweeps.sweep import Sweep, sweep

_HOMES = {
    "cloudtrail.cloudtrail": ("CloudTrail",),
    "cloudtrail.trail": ("Trail",),
    "mock": ("SageMakerMetricsMock",),
    "reading.recorded": ("Metric", "MetricSeries", "RejectedMetric", "TrialComponent"),
    "faults": ("delay_calls", "fail_calls", "fail_metrics", "fail_queries"),
    "server.server": ("SageMakerMetricsServer",),
    "service.faults.fault": ("Fault",),
    "service.journal": ("Call",),
    "service.rule": ("Rule",),
    "service.rules": ("RULES",),
    "activation.activation": ("current", "mock_sm_metrics"),
    "exceptions": ("UnmockedCallError",),
    "sweeps.failure_modes": ("every_fault",),
    "sweeps.sweep": ("Sweep", "sweep"),
}

__all__ = [
    "RULES",
    "Call",
    "CloudTrail",
    "Fault",
    "Metric",
    "MetricSeries",
    "RejectedMetric",
    "Rule",
    "SageMakerMetricsMock",
    "SageMakerMetricsServer",
    "Sweep",
    "Trail",
    "TrialComponent",
    "UnmockedCallError",
    "current",
    "delay_calls",
    "every_fault",
    "fail_calls",
    "fail_metrics",
    "fail_queries",
    "mock_sm_metrics",
    "sweep",
]


def __getattr__(name: str) -> object:
    # pytest imports this package in every project that has it: the rest is imported on first use.
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f".{home}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
