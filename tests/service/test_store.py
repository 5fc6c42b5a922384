"""The store against a naive model, which searches lists of tuples."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.service.service import Service
from pytest_sm_metrics.settings import Settings

from ..requests import EPOCH_SECONDS, answered, body, item, request

LIMITS = st.none() | st.integers(0, 6)
NAMES = st.sampled_from(["a", "b", "c", "d"])
ITEMS = st.builds(
    item,
    name=NAMES,
    value=st.sampled_from([0.5, 1, "NaN", "Infinity", "-Infinity", 10**400]),
    step=st.just(...) | st.integers(0, 3),
    timestamp=st.sampled_from(
        [
            EPOCH_SECONDS,
            EPOCH_SECONDS - 60,
            EPOCH_SECONDS - 61,
            EPOCH_SECONDS + 30,
            EPOCH_SECONDS + 31,
        ]
    ),
)
REQUESTS = st.tuples(
    st.sampled_from(["run-1", "run-2"]),
    st.sampled_from(["us-east-1", "eu-west-1"]),
    st.lists(ITEMS, min_size=1, max_size=4),
)


class NaiveService:
    """A service that applies the rules to one metric at a time."""

    def __init__(self, settings, created):
        self.settings, self.known = settings, set(created)
        self.stored = {}

    def put(self, run, region, items):
        errors = []
        known = run in self.known or (region, run) in self.stored
        for index, one in enumerate(items):
            held = self.stored.get((region, run), [])
            names = {name for name, *_ in held}
            if (
                (self.settings.unknown_trial_component == "reject" and not known)
                or isinstance(one["Value"], str)
                or one["Value"] == 10**400
                or (
                    self.settings.timestamp_window
                    and not EPOCH_SECONDS - 60 <= one["Timestamp"] <= EPOCH_SECONDS + 30
                )
            ):
                errors.append({"Code": "VALIDATION_ERROR", "MetricIndex": index})
            elif (
                self.settings.metric_limit is not None and len(held) >= self.settings.metric_limit
            ) or (
                self.settings.metric_name_limit is not None
                and one["MetricName"] not in names
                and len(names) >= self.settings.metric_name_limit
            ):
                errors.append({"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": index})
            else:
                point = (
                    one["MetricName"],
                    float(one["Value"]),
                    one.get("Step"),
                    float(one["Timestamp"]),
                )
                self.stored.setdefault((region, run), []).append(point)
        return errors


def arrived(service, component):
    """Return the points of a stored trial component, in order of arrival."""
    points = [
        (arrival, (name, value, None if step < 0 else step, timestamp))
        for name, columns in service.series(component).items()
        for arrival, value, step, timestamp in zip(
            columns.arrivals, columns.values, columns.steps, columns.timestamps, strict=True
        )
    ]
    return [point for _, point in sorted(points)]


@given(
    requests=st.lists(REQUESTS, max_size=12),
    look_after=st.integers(0, 12),
    metric_limit=LIMITS,
    metric_name_limit=LIMITS,
    unknown=st.sampled_from(["create", "reject"]),
    window=st.sampled_from([None, (timedelta(seconds=60), timedelta(seconds=30))]),
)
def test_any_sequence_of_puts(
    requests, look_after, metric_limit, metric_name_limit, unknown, window
):
    settings = Settings(
        metric_limit=metric_limit,
        metric_name_limit=metric_name_limit,
        unknown_trial_component=unknown,
        timestamp_window=window,
    )
    service, naive = Service(settings, ""), NaiveService(settings, ["run-2"])
    service.create_trial_component("run-2", None)
    for number, (run, region, items) in enumerate(requests):
        answered(service, request(body(*items, run=run), region=region))
        assert service.calls[-1].errors == naive.put(run, region, items)
        if number == look_after:  # reading between requests does not change the result
            service.components() and arrived(service, service.components()[0])
    holding = {
        (component.region, component.name): component
        for component in service.components()
        if component.count
    }
    assert {key: arrived(service, component) for key, component in holding.items()} == naive.stored
    assert {key: component.count for key, component in holding.items()} == {
        key: len(points) for key, points in naive.stored.items()
    }


def test_one_that_is_created_everywhere_is_deleted_nowhere_and_others_still_are():
    service = Service(Settings(), "")
    for name in ("run-1", "run-2", "run-3"):
        service.delete_trial_component(name, "us-east-1")
    service.create_trial_component("".join(["run", "-2"]), None)
    deleted = {name: service.deleted_in(f"run-{name}") for name in (1, 2, 3)}
    assert deleted == {1: ["us-east-1"], 2: [], 3: ["us-east-1"]}


def test_a_metric_that_is_rejected_for_its_value_does_not_end_the_count_of_names():
    service = Service(Settings(metric_name_limit=1), "")
    answered(service, request(body(item("a", "NaN"), item("b"), item("c"), item("b"))))
    assert service.calls[0].errors == [
        {"Code": "VALIDATION_ERROR", "MetricIndex": 0},
        {"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 2},
    ]
