"""What the service holds: trial components, and the metrics of each as columns."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from ..settings import Settings
from .parsing import PutMetrics
from .rules import METRIC_LIMIT, METRIC_NAME_LIMIT, TIMESTAMP_WINDOW, UNKNOWN_TRIAL_COMPONENT, VALUE_FINITE, Rule

NO_STEP = -1  # in a column of steps
EVERY_REGION = "*"


class Refusal(NamedTuple):
    """A metric that was not stored: its place in the request, and the rule."""

    index: int
    rule: Rule


class SeriesColumns:
    """The metrics of one name in one trial component, in order of arrival: 32 bytes a metric."""

    __slots__ = ("arrivals", "steps", "timestamps", "values")

    def __init__(self) -> None:
        self.timestamps = array("d")
        self.steps = array("q")
        self.values = array("d")
        self.arrivals = array("q")
        """The place of each among all metrics of the trial component."""


class StoredTrialComponent:
    """One trial component in one region."""

    __slots__ = ("count", "name", "region", "series")

    def __init__(self, region: str, name: str) -> None:
        self.region = region
        self.name = name
        self.count = 0
        self.series: dict[str, SeriesColumns] = {}


class Store:
    """All trial components of one account. Not locked: the service calls it in one locked step."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.trial_components: dict[tuple[str, str], StoredTrialComponent] = {}
        self.created_everywhere: dict[str, None] = {}
        """Names created in every region, in order."""

    def create(self, name: str, region: str | None) -> StoredTrialComponent:
        """Make a trial component known; None: in every region."""
        if region is None:
            self.created_everywhere[name] = None
            return StoredTrialComponent(EVERY_REGION, name)
        return self.trial_components.setdefault((region, name), StoredTrialComponent(region, name))

    def components(self) -> list[StoredTrialComponent]:
        """Every trial component that is known; one created everywhere and written to nowhere stands in region `*`."""
        written = list(self.trial_components.values())
        names = {component.name for component in written}
        return written + [StoredTrialComponent(EVERY_REGION, name) for name in self.created_everywhere if name not in names]

    def is_created(self, name: str) -> bool:
        """Whether the trial component is known in some region, with metrics or without."""
        return name in self.created_everywhere or any(name == known for _, known in self.trial_components)

    def put(self, region: str, request: PutMetrics, now: float) -> list[Refusal]:
        """Store what the rules accept, and say what they refuse: one refusal a metric, ascending."""
        refused = self._invalid(region, request, now)
        accepted = [index for index in range(len(request.names)) if index not in refused] if refused else range(len(request.names))
        if accepted:
            self._append(region, request, accepted, refused)
        return [Refusal(index, refused[index]) for index in sorted(refused)] if refused else []

    def _invalid(self, region: str, request: PutMetrics, now: float) -> dict[int, Rule]:
        """The metrics that fail validation, whatever the limits say."""
        name = request.trial_component_name
        if self._settings.unknown_trial_component == "reject" and not self._is_known(region, name):
            return dict.fromkeys(range(len(request.names)), UNKNOWN_TRIAL_COMPONENT)
        refused: dict[int, Rule] = {}
        window = self._settings.timestamp_window
        if window is not None:
            earliest, latest = now - window[0].total_seconds(), now + window[1].total_seconds()
            refused.update((index, TIMESTAMP_WINDOW) for index, at in enumerate(request.timestamps) if not earliest <= at <= latest)
        refused.update((index, VALUE_FINITE) for index in VALUE_FINITE.breaches(request.values))
        return refused

    def _is_known(self, region: str, name: str) -> bool:
        return name in self.created_everywhere or (region, name) in self.trial_components

    def _append(self, region: str, request: PutMetrics, accepted: range | list[int], refused: dict[int, Rule]) -> None:
        key = (region, request.trial_component_name)
        component = self.trial_components.get(key) or StoredTrialComponent(*key)
        metric_limit, name_limit = self._settings.metric_limit, self._settings.metric_name_limit
        for index in accepted:
            name = request.names[index]
            columns = component.series.get(name)
            if metric_limit is not None and component.count >= metric_limit:
                refused[index] = METRIC_LIMIT
                continue
            if columns is None:
                if name_limit is not None and len(component.series) >= name_limit:
                    refused[index] = METRIC_NAME_LIMIT
                    continue
                columns = component.series[name] = SeriesColumns()
            step = request.steps[index]
            columns.timestamps.append(request.timestamps[index])
            columns.steps.append(NO_STEP if step is None else step)
            columns.values.append(request.values[index])
            columns.arrivals.append(component.count)
            component.count += 1
        if component.count:
            self.trial_components[key] = component
