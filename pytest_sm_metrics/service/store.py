"""The store: trial components, and the metrics of each as columns."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence

from ..settings import Settings
from .rule import Rule

NO_STEP = -1  # in a column of steps
EVERY_REGION = "*"

Rows = Callable[[], Iterable[tuple[str, float, "int | None", float]]]
"""Returns MetricName, Timestamp in seconds since the epoch, Step (None if absent) and Value."""


class SeriesColumns:
    """The metrics of one name in one trial component, in order of arrival: 32 bytes per metric."""

    __slots__ = ("arrivals", "steps", "timestamps", "values")

    def __init__(self) -> None:
        self.timestamps = array("d")
        self.steps = array("q")
        self.values = array("d")
        self.arrivals = array("q")
        """The place of each metric among all metrics of the trial component."""

    def truncate(self, length: int) -> None:
        """Remove all but the first metrics."""
        for column in (self.timestamps, self.steps, self.values, self.arrivals):
            del column[length:]


class StoredTrialComponent:
    """One trial component in one region. Its requests are sorted into columns on the first read."""

    def __init__(self, region: str, name: str) -> None:
        self.region = region
        self.name = name
        self.count = 0
        """The number of metrics it holds."""
        self._series: dict[str, SeriesColumns] = {}
        self._sorted = 0
        self._unsorted: list[Rows] = []

    def hold(self, count: int, rows: Rows) -> None:
        """Add metrics: their number, and a function that returns them."""
        self.count += count
        self._unsorted.append(rows)

    def series(self) -> dict[str, SeriesColumns]:
        """Return the metrics by name, in order of first arrival."""
        for rows in self._unsorted:
            for row in rows():
                self._append(*row)
        self._unsorted.clear()
        return self._series

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        lengths = {name: len(columns.values) for name, columns in self.series().items()}
        count = self.count

        def restore() -> None:  # metrics are only ever added
            self.series()
            kept = [(name, columns) for name, columns in self._series.items() if name in lengths]
            self._series = dict(kept)
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
    """All trial components of one account.

    It has no lock: only the service uses it, and holds its lock meanwhile.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._rules: tuple[Rule, ...] = ()
        self._rules_on: Sequence[Rule] = ()
        self._trial_components: dict[tuple[str, str], StoredTrialComponent] = {}
        """By region and name."""
        self._created_everywhere: dict[str, None] = {}
        self._deleted: dict[tuple[str, str], None] = {}
        """Region and name of those that were deleted, and not created again."""

    def rules_on(self, rules: tuple[Rule, ...]) -> Sequence[Rule]:
        """Return those rules of an operation that the settings switch on."""
        if rules is not self._rules:
            self._rules = rules
            self._rules_on = [rule for rule in rules if rule.is_on(self.settings)]
        return self._rules_on

    def create(self, name: str, region: str | None) -> StoredTrialComponent:
        """Make a trial component known in a region; None: in every region."""
        if region is None:
            self._created_everywhere[name] = None
            self._deleted = {key: None for key in self._deleted if key[1] != name}
            return StoredTrialComponent(EVERY_REGION, name)
        self._deleted.pop((region, name), None)
        return self._trial_components.setdefault((region, name), StoredTrialComponent(region, name))

    def delete(self, name: str, region: str) -> None:
        """Remove a trial component and its metrics, known or not."""
        self._trial_components.pop((region, name), None)
        self._deleted[region, name] = None

    def get(self, name: str, region: str) -> StoredTrialComponent | None:
        """Return a trial component of a region; None if the region has none of that name."""
        return self._trial_components.get((region, name))

    def find(self, name: str, region: str) -> StoredTrialComponent:
        """Return a trial component of a region, or an empty one that the store does not hold."""
        return self._trial_components.get((region, name)) or StoredTrialComponent(region, name)

    def hold(self, component: StoredTrialComponent, count: int, rows: Rows) -> None:
        """Add metrics to a trial component, which is known from then on."""
        component.hold(count, rows)
        key = (component.region, component.name)
        if key not in self._trial_components:
            self._trial_components[key] = component
            self._deleted.pop(key, None)

    def knows(self, name: str, region: str) -> bool:
        """Return True if a trial component is known in a region, with metrics or without."""
        key = (region, name)
        if key in self._trial_components:
            return True
        return name in self._created_everywhere and key not in self._deleted

    def is_created(self, name: str) -> bool:
        """Return True if a trial component is known in some region, with metrics or without."""
        if name in self._created_everywhere:
            return True
        return any(name == known for _, known in self._trial_components)

    def deleted_in(self, name: str) -> list[str]:
        """Return the regions in which a trial component was deleted, and not created again."""
        return [region for region, deleted in self._deleted if deleted == name]

    def components(self) -> list[StoredTrialComponent]:
        """Return every known trial component.

        One that was created in every region, and written to in none, is in region `*`.
        """
        known = list(self._trial_components.values())
        names = {component.name for component in known}
        unwritten = [name for name in self._created_everywhere if name not in names]
        return known + [StoredTrialComponent(EVERY_REGION, name) for name in unwritten]

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present state."""
        components = dict(self._trial_components)
        everywhere, deleted = dict(self._created_everywhere), dict(self._deleted)
        restores = [component.snapshot() for component in components.values()]

        def restore() -> None:
            self._trial_components = dict(components)
            self._created_everywhere, self._deleted = dict(everywhere), dict(deleted)
            for restore_component in restores:
                restore_component()

        return restore
