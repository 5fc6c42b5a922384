"""Answers to queries: observed answers of AWS, and any puts and queries against a naive model."""

from __future__ import annotations

import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics.service.service import Service
from pytest_sm_metrics.settings import Settings

from ...requests import EPOCH_SECONDS, answered, body, get_request, item, query, request

PERIODS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600}


@pytest.fixture
def service():
    return Service(Settings(), "test")


def put(service, *items, run="run-1", region="us-east-1"):
    for start in range(0, len(items), 10):
        content = body(*items[start : start + 10], run=run)
        assert answered(service, request(content, region=region)).status == 200


def get(service, *queries, region="us-east-1"):
    answer = answered(service, get_request(*queries, region=region))
    assert answer.status == 200
    return json.loads(answer.body)["MetricQueryResults"]


def complete(xs, values):
    return {"Status": "Complete", "XAxisValues": xs, "MetricValues": values}


@pytest.mark.parametrize(
    ("stat", "values"), [("Last", [0.9, 0.05]), ("Avg", [0.5, 0.05]), ("Count", [2.0, 1.0])]
)
def test_what_aws_was_seen_to_answer(service, stat, values):
    put(service, item("acc", 0.9, 1), item("acc", 0.1, 1), item("acc", 0.05, 2))
    assert get(service, query("acc", stat)) == [complete([1, 2], values)]


class NaiveService:
    """A service that searches one list of points; its figures are those of Python's statistics."""

    def __init__(self, query_limit):
        self.points = []
        self.query_limit = query_limit

    def put(self, region, run, items):
        self.points += [(region, run, one) for one in items]

    def get(self, asked):
        region, run = asked["ResourceArn"].split(":")[3], asked["ResourceArn"].split("/")[1]
        by_step = asked["Period"] == "IterationNumber"
        if by_step != (asked["XAxisType"] == "IterationNumber") or asked.get(
            "Start", -math.inf
        ) > asked.get("End", math.inf):
            return "ValidationError", [], []
        buckets = {}
        for point_region, point_run, point in self.points:
            if (point_region, point_run, point["MetricName"]) != (
                region,
                run,
                asked["MetricName"],
            ) or (by_step and "Step" not in point):
                continue
            length = PERIODS.get(asked["Period"])
            x = (
                point["Step"]
                if by_step
                else math.floor(point["Timestamp"] / length) * length * 1000
            )
            if asked.get("Start", -math.inf) <= x <= asked.get("End", math.inf):
                buckets.setdefault(x, []).append((point["Timestamp"], point["Value"]))
        xs = sorted(buckets)
        values = [self.figure(asked["MetricStat"], buckets[x]) for x in xs]
        if self.query_limit is not None and len(xs) > self.query_limit:
            return "Truncated", xs[: self.query_limit], values[: self.query_limit]
        return "Complete", xs, values

    def figure(self, stat, points):
        values = [value for _, value in points]
        latest = max(timestamp for timestamp, _ in points)
        return {
            "Min": min(values),
            "Max": max(values),
            "Avg": statistics.fmean(values),
            "Count": len(values),
            "StdDev": statistics.stdev(values) if len(values) > 1 else 0,
            "Last": next(value for timestamp, value in points if timestamp == latest),
        }[stat]


RUNS = st.sampled_from(["run-1", "run-2"])
REGIONS = st.sampled_from(["us-east-1", "eu-west-1"])
NAMES = st.sampled_from(["loss", "acc"])
SECONDS = st.integers(-2, 7300).map(lambda seconds: EPOCH_SECONDS + seconds) | st.sampled_from(
    [0, -1, -60.5, EPOCH_SECONDS + 59.75]
)
STEPS = st.just(...) | st.integers(0, 4) | st.just(2**31 - 1)
ITEMS = st.builds(
    item,
    name=NAMES,
    value=st.sampled_from([-1.5, 0, 0.25, 1e9, 1e9 + 1e-6, 3]),
    step=STEPS,
    timestamp=SECONDS,
)
PUTS = st.tuples(REGIONS, RUNS, st.lists(ITEMS, min_size=1, max_size=10))
BOUNDS = (
    st.just(...) | st.integers(-1, 5) | SECONDS.map(lambda seconds: int(seconds) // 60 * 60_000)
)
QUERIES = st.builds(
    query,
    name=st.sampled_from(["loss", "acc", "los"]),
    stat=st.sampled_from(["Min", "Max", "Avg", "Count", "StdDev", "Last"]),
    period=st.sampled_from([*PERIODS, "IterationNumber"]),
    axis=st.just(...) | st.sampled_from(["IterationNumber", "Timestamp"]),
    run=RUNS | st.just("run-3"),
    region=REGIONS,
    Start=BOUNDS,
    End=BOUNDS,
)
EVENTS = st.lists(PUTS | st.tuples(REGIONS, st.lists(QUERIES, min_size=1, max_size=6)), max_size=8)


@given(EVENTS, st.none() | st.integers(0, 3))
def test_any_puts_and_queries_are_answered_as_by_a_naive_model(events, query_limit):
    service, naive = Service(Settings(query_limit=query_limit), "test"), NaiveService(query_limit)
    for region, *event in events:
        if len(event) == 2:
            put(service, *event[1], run=event[0], region=region)
            naive.put(region, *event)
        else:
            results = get(service, *event[0], region=region)
            for result, (status, xs, values) in zip(results, map(naive.get, event[0]), strict=True):
                assert (result["Status"], result["XAxisValues"]) == (status, xs)
                assert result["MetricValues"] == pytest.approx(values, rel=1e-12, abs=1e-12)
                assert ("Message" in result) is (status == "ValidationError")


@pytest.mark.parametrize(
    ("period", "xs", "counts"),
    [
        ("OneMinute", [0, 60_000, 300_000, 3_600_000], [2, 1, 1, 1]),
        ("FiveMinute", [0, 300_000, 3_600_000], [3, 1, 1]),
        ("OneHour", [0, 3_600_000], [4, 1]),
    ],
)
def test_the_buckets_of_a_period_begin_at_its_multiples(service, period, xs, counts):
    seconds = [0, 59.9, 60, 300, 3600]
    put(service, *[item(timestamp=EPOCH_SECONDS + late) for late in seconds])
    start = EPOCH_SECONDS * 1000
    assert EPOCH_SECONDS % 3600 == 0
    assert get(service, query(stat="Count", period=period)) == [
        complete([start + x for x in xs], counts)
    ]


def test_timestamps_before_1970_have_buckets_that_begin_before_them(service):
    put(service, item(timestamp=-1), item(timestamp=-60), item(timestamp=-60.5))
    assert get(service, query(stat="Count", period="OneMinute")) == [
        complete([-120_000, -60_000], [1, 2])
    ]


def test_start_and_end_are_inclusive_and_bound_the_x_axis(service):
    put(service, *[item(value=step, step=step) for step in (3, 0, 2, 1, 4)])
    assert get(service, query(Start=1, End=3)) == [complete([1, 2, 3], [1, 2, 3])]
    put(service, item("time", timestamp=EPOCH_SECONDS + 30))
    bucket = EPOCH_SECONDS * 1000
    ends = [
        query("time", "Count", "OneMinute", Start=bucket),
        query("time", "Count", "OneMinute", Start=bucket + 1),
        query("time", "Count", "OneMinute", End=bucket),
        query("time", "Count", "OneMinute", End=bucket - 1),
    ]
    assert get(service, *ends) == [
        complete([bucket], [1]),
        complete([], []),
        complete([bucket], [1]),
        complete([], []),
    ]


def test_a_start_before_every_step_does_not_bring_in_what_has_none(service):
    put(service, item(step=...), item(step=0))
    assert get(service, query(Start=-10)) == [complete([0], [0.5])]


def test_last_is_by_timestamp_not_by_arrival(service):
    put(service, item(value=1, timestamp=EPOCH_SECONDS + 5), item(value=2, timestamp=EPOCH_SECONDS))
    assert get(service, query()) == [complete([0], [1])]


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/other",
        "arn:aws:sagemaker:us-east-1:999999999999:experiment-trial-component/run-1",
        "arn:aws-cn:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1",
        "arn:aws:sagemaker:eu-west-1:123456789012:experiment-trial-component/run-1",
        "arn:aws:sagemaker:us-east-1:123456789012:training-job/run-1",
        "arn:aws:sagemaker::123456789012:experiment-trial-component/run-1",
        "arn:aws:sagemaker:us-east-1:123456789012:experiment-trial-component/run-1/",
    ],
)
def test_what_does_not_exist_is_complete_and_empty(service, arn):
    put(service, item())
    assert get(service, query(ResourceArn=arn), query("los")) == [complete([], [])] * 2


def test_a_million_points_of_tiny_spread_around_a_large_value():
    service = Service(Settings(), "test")
    put(service, item(step=7))
    columns = service.stored("run-1", "us-east-1").series()["loss"]
    columns.truncate(0)
    # The deviations are exact in binary: half of the values lie 2**-10 below the mean, half above.
    columns.values.extend([1e9 - 2**-10, 1e9 + 2**-10] * 500_000)
    columns.timestamps.extend([float(EPOCH_SECONDS)] * 1_000_000)
    columns.steps.extend([7] * 1_000_000)
    columns.arrivals.extend(range(1_000_000))
    [result] = get(service, query(stat="StdDev"))
    assert result["MetricValues"] == [
        pytest.approx(2**-10 * math.sqrt(1_000_000 / 999_999), rel=1e-12)
    ]


def test_a_deviation_beyond_every_double_is_a_string_in_json(service):
    put(service, item(value=1.7e308), item(value=-1.7e308))
    assert get(service, query(stat="StdDev"), query(stat="Avg")) == [
        complete([0], ["Infinity"]),
        complete([0], [0.0]),
    ]


def test_a_mismatch_of_period_and_axis_is_the_querys_own_error(service):
    put(service, item(step=0))
    mixed, good = get(service, query(period="OneMinute", axis="IterationNumber"), query())
    assert mixed == {
        "Status": "ValidationError",
        "Message": "Period OneMinute does not go with XAxisType IterationNumber: Period "
        "IterationNumber goes with XAxisType IterationNumber, the others with Timestamp.",
        "XAxisValues": [],
        "MetricValues": [],
    }
    assert good == complete([0], [0.5])


def test_a_start_after_the_end_is_the_querys_own_error(service):
    put(service, item(step=0))
    turned, good = get(service, query(Start=2, End=1), query(Start=0, End=0))
    assert (turned["Status"], turned["Message"]) == ("ValidationError", "Start 2 is after End 1.")
    assert good == complete([0], [0.5])


def test_of_two_errors_of_a_query_the_first_is_its_message(service):
    [both] = get(service, query(period="OneMinute", axis="IterationNumber", Start=2, End=1))
    assert both["Message"].startswith("Period OneMinute does not go with XAxisType")


@pytest.mark.parametrize(
    ("limit", "status", "steps"),
    [(2, "Truncated", [0, 1]), (3, "Complete", [0, 1, 2]), (0, "Truncated", [])],
)
def test_the_query_limit(limit, status, steps):
    service = Service(Settings(query_limit=limit), "test")
    put(service, *[item(step=step) for step in (2, 0, 1)])
    [result] = get(service, query())
    assert result == {"Status": status, "XAxisValues": steps, "MetricValues": [0.5] * len(steps)}
