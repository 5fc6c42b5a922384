"""A pytest plugin that stands in for Amazon SageMaker Metrics."""

from .mock import SageMakerMetricsMock, current, mock_sm_metrics
from .reading import Metric, MetricSeries, RejectedMetric, TrialComponent
from .service.journal import Call
from .service.rules import RULES, Rule

__all__ = [
    "RULES",
    "Call",
    "Metric",
    "MetricSeries",
    "RejectedMetric",
    "Rule",
    "SageMakerMetricsMock",
    "TrialComponent",
    "current",
    "mock_sm_metrics",
]
