"""What the service holds: trial components, and the metrics of each as columns."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from ..settings import Settings
from .faults import MetricFault
from .put_request import PutMetrics, parse_put_metrics
from .put_rules import METRIC_RULES, Submission
from .rule import Rule

NO_STEP = -1  # in a column of steps
EVERY_REGION = "*"


class Refusal(NamedTuple):
    """A metric that is not stored: its place in the request, and the rule or the fault that refused it."""

    metric_index: int
    cause: Rule | MetricFault

    @property
    def is_injected(self) -> bool:
        """Whether a fault refused it."""
        return isinstance(self.cause, MetricFault)

    @property
    def code(self) -> str:
        """The Code in Errors."""
        return str(self.cause.code)

    def why(self, submission: Submission) -> str:
        """Return why the metric was refused, with the values that did it."""
        if isinstance(self.cause, Rule):
            return self.cause.why(submission, self.metric_index)
        return f"injected by {self.cause!r}"


_NONE: Mapping[int, MetricFault] = {}


class Taken(Protocol):
    """A request that was answered with HTTP 200."""

    body: bytes
    refused: Sequence[Refusal]


class SeriesColumns:
    """The metrics of one name in one trial component, in order of arrival: 32 bytes a metric."""

    __slots__ = ("arrivals", "steps", "timestamps", "values")

    def __init__(self) -> None:
        self.timestamps = array("d")
        self.steps = array("q")
        self.values = array("d")
        self.arrivals = array("q")
        """The place of each among all metrics of the trial component."""

    def truncate(self, length: int) -> None:
        """Keep the first ones only."""
        for column in (self.timestamps, self.steps, self.values, self.arrivals):
            del column[length:]


class StoredTrialComponent:
    """One trial component in one region. The bodies of its requests are sorted into columns when somebody looks."""

    def __init__(self, region: str, name: str) -> None:
        self.region = region
        self.name = name
        self.count = 0
        """How many metrics it holds."""
        self._series: dict[str, SeriesColumns] = {}
        self._sorted = 0
        self._unsorted: list[Taken] = []

    def take(self, request: Taken) -> None:
        """Hold the metrics of a request that were not refused."""
        self._unsorted.append(request)

    def series(self) -> dict[str, SeriesColumns]:
        """The metrics by name, in order of first arrival."""
        for request in self._unsorted:
            refused = {refusal.metric_index for refusal in request.refused}
            metrics = parse_put_metrics(request.body)
            for index, name in enumerate(metrics.names):
                if index not in refused:
                    self._append(
                        name, metrics.timestamps[index], metrics.steps[index], metrics.values[index]
                    )
        self._unsorted.clear()
        return self._series

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the state of now: metrics are only ever added."""
        lengths = {name: len(columns.values) for name, columns in self.series().items()}
        count = self.count

        def restore() -> None:
            self.series()
            self._series = {
                name: columns for name, columns in self._series.items() if name in lengths
            }
            for name, length in lengths.items():
                self._series[name].truncate(length)
            self.count = self._sorted = count

        return restore

    def _append(self, name: str, timestamp: float, step: int | None, value: float) -> None:
        columns = self._series.get(name)
        if columns is None:
            columns = self._series[name] = SeriesColumns()
        columns.timestamps.append(timestamp)
        columns.steps.append(NO_STEP if step is None else step)
        columns.values.append(value)
        columns.arrivals.append(self._sorted)
        self._sorted += 1


class Store:
    """All trial components of one account. Not locked: the service uses it in one locked step."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._rules = [rule for rule in METRIC_RULES if rule.is_on(settings)]
        self.trial_components: dict[tuple[str, str], StoredTrialComponent] = {}
        self.created_everywhere: dict[str, None] = {}
        """Names created in every region, in order."""
        self.deleted: dict[tuple[str, str], None] = {}
        """What was deleted and not created again since, also in a region of those created in every one."""

    def create(self, name: str, region: str | None) -> StoredTrialComponent:
        """Make a trial component known; None: in every region."""
        if region is None:
            self.created_everywhere[name] = None
            self.deleted = {key: None for key in self.deleted if key[1] != name}
            return StoredTrialComponent(EVERY_REGION, name)
        self.deleted.pop((region, name), None)
        return self.trial_components.setdefault((region, name), StoredTrialComponent(region, name))

    def delete(self, name: str, region: str) -> None:
        """Remove a trial component and its metrics, whether it was known or not."""
        self.trial_components.pop((region, name), None)
        self.deleted[region, name] = None

    def knows(self, name: str, region: str) -> bool:
        """Whether a trial component is known in a region, with metrics or without."""
        key = (region, name)
        return key in self.trial_components or (
            name in self.created_everywhere and key not in self.deleted
        )

    def components(self) -> list[StoredTrialComponent]:
        """Every trial component that is known; one created everywhere and written to nowhere stands in region `*`."""
        known = list(self.trial_components.values())
        names = {component.name for component in known}
        return known + [
            StoredTrialComponent(EVERY_REGION, name)
            for name in self.created_everywhere
            if name not in names
        ]

    def checkpoint(self) -> Callable[[], None]:
        """What brings back the state of now."""
        components, everywhere, deleted = (
            dict(self.trial_components),
            dict(self.created_everywhere),
            dict(self.deleted),
        )
        restore_each = [component.checkpoint() for component in components.values()]

        def restore() -> None:
            self.trial_components, self.created_everywhere, self.deleted = (
                dict(components),
                dict(everywhere),
                dict(deleted),
            )
            for restore_one in restore_each:
                restore_one()

        return restore

    def is_created(self, name: str) -> bool:
        """Whether the trial component is known in some region, with metrics or without."""
        return name in self.created_everywhere or any(
            name == known for _, known in self.trial_components
        )

    def admit(
        self,
        region: str,
        request: PutMetrics,
        now: float,
        injected: Mapping[int, MetricFault] = _NONE,
        conflicts: bool = False,
    ) -> tuple[StoredTrialComponent | None, Sequence[Refusal]]:
        """Judge the metrics of a request: who is to take the accepted ones (None if there are none), and which are refused.

        There is one refusal a metric; they ascend. What a fault has injected is refused whatever the rules say.
        """
        key = (region, request.trial_component_name)
        known = self.trial_components.get(key)
        component = known or StoredTrialComponent(*key)
        is_known = known is not None or self.knows(request.trial_component_name, region)
        submission = Submission(request, now, self.settings, component, is_known, conflicts)
        refused: dict[int, Rule | MetricFault] = dict(injected)
        for rule in self._rules:
            for index in rule.refuses(submission, refused) if rule.refuses else ():
                refused.setdefault(index, rule)
        accepted = len(request.names) - len(refused)
        component.count += accepted
        if accepted and not known:
            self.trial_components[key] = component
            self.deleted.pop(key, None)
        refusals = [Refusal(index, refused[index]) for index in sorted(refused)] if refused else ()
        return component if accepted else None, refusals
