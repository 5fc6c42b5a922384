"""Well-formed BatchPutMetrics requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...settings import Settings
from ..store import StoredTrialComponent

Row = tuple[str, float, int | None, float]
"""MetricName, Timestamp in seconds since the epoch, Step (None if absent) and Value."""


class PutMetrics(NamedTuple):
    """A well-formed BatchPutMetrics request. The sequences are columns: one item per metric."""

    trial_component_name: str
    names: Sequence[str]
    timestamps: Sequence[float]
    """Seconds since the epoch."""
    steps: Sequence[int | None]
    values: Sequence[float]

    @property
    def columns(self) -> dict[str, Sequence[object]]:
        """The columns that the filters of faults match, by the name of the filter."""
        return {"metric_name": self.names, "step": self.steps, "index": range(len(self.names))}

    def rows(self) -> Iterator[Row]:
        """Return the metrics, in the order of the request."""
        return zip(self.names, self.timestamps, self.steps, self.values, strict=True)

    def described(self, whole: bool) -> Sequence[str]:
        """Describe each metric: its name alone, or, if `whole` is true, its values too."""
        if not whole:
            return self.names
        return [
            f"{name}={value!r}" + ("" if step is None else f" at step {step}")
            for name, _, step, value in self.rows()
        ]


class Submission(NamedTuple):
    """A well-formed request with all that the rules about single metrics need."""

    metrics: PutMetrics
    time: float
    """The time of arrival, in seconds since the epoch."""
    settings: Settings
    holder: StoredTrialComponent | None = None
    """The trial component that it is for; None if a rejection is explained later."""
    is_known: bool = True
    """True if the trial component was created before, or holds metrics."""
    is_contended: bool = False
    """True if another request for the trial component was in flight when this one arrived."""

    @property
    def indexes(self) -> range:
        """The indexes of all its metrics."""
        return range(len(self.metrics.names))
