"""Threads and tasks that log at once, with nested mocks, resets and faults: totals are exact."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED

from ..logging_metrics import client_in, metric, put

THREADS = 8
ROUNDS = 20
REGIONS = ("us-east-1", "eu-west-1")
CLIENTS = [client_in(region) for region in REGIONS]


@pytest.fixture(autouse=True)
def switching_often():
    """Have the interpreter switch threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work):
    """Run `work(number)` in threads that start together. Return the results, in order."""
    start = threading.Barrier(THREADS)

    def wait_and_work(number):
        start.wait(30)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(wait_and_work, range(THREADS)))


def codes(answer):
    return [error["Code"] for error in answer["Errors"]]


def log_rounds(number, run="run-1", rounds=ROUNDS):
    """Log a metric of this thread in each round; the thread's number chooses the region."""
    client = CLIENTS[number % len(CLIENTS)]
    return [put(client, run, metric(f"loss-{number}", step=step)) for step in range(rounds)]


def test_every_view_has_every_call_once(sm_metrics):
    trail = sm_metrics.cloudtrail.create_trail("audit", advanced_event_selectors=SUGGESTED)
    in_threads(log_rounds)
    total = THREADS * ROUNDS
    assert len(sm_metrics.calls) == len({call.request_id for call in sm_metrics.calls}) == total
    assert len(trail.events) == len({event["eventID"] for event in trail.events}) == total
    components = [sm_metrics.trial_component("run-1", region=region) for region in REGIONS]
    assert [len(component.metrics) for component in components] == [total // 2] * 2
    for component in components:
        for series in component.values():
            assert series.steps == list(range(ROUNDS))


def test_a_fault_with_times_fires_so_often(sm_metrics):
    calls = sm_metrics.fail_calls("AccessDeniedException", times=30)
    metrics = sm_metrics.fail_metrics("CONFLICT_ERROR", times=25)

    def log_and_survive(number):
        for step in range(ROUNDS):
            with suppress(ClientError):
                put(CLIENTS[number % 2], "run-1", metric(f"loss-{number}", step=step))

    in_threads(log_and_survive)
    assert (calls.hits, metrics.hits) == (30, 25)
    outcomes = Counter(call.error_code for call in sm_metrics.calls)
    assert outcomes == {"AccessDeniedException": 30, None: THREADS * ROUNDS - 30}
    assert len(sm_metrics.rejected) == 25
    stored = sum(len(component.metrics) for component in sm_metrics.trial_components)
    assert stored == THREADS * ROUNDS - 30 - 25


@pytest.mark.sm_metrics(metric_limit=50)
def test_the_metric_limit_is_reached_and_not_passed(sm_metrics):
    in_threads(log_rounds)
    for region in REGIONS:
        assert len(sm_metrics.trial_component("run-1", region=region).metrics) == 50
    assert len(sm_metrics.rejected) == THREADS * ROUNDS - 100


@pytest.mark.sm_metrics(concurrent_writes="conflict")
def test_writes_one_after_the_other_do_not_conflict(sm_metrics):
    turns = threading.Lock()

    def in_turn(number):
        for step in range(ROUNDS):
            with turns:
                put(CLIENTS[0], "run-1", metric(f"loss-{number}", step=step))

    in_threads(in_turn)
    assert not sm_metrics.rejected


def test_totals_between_resets_add_up(sm_metrics):
    seen = Counter()
    turns = threading.Barrier(THREADS, lambda: (seen.update(total()), sm_metrics.reset()))

    def total():
        return {
            "calls": len(sm_metrics.calls),
            "metrics": sum(len(one.metrics) for one in sm_metrics.trial_components),
            "events": len(sm_metrics.cloudtrail.events),
        }

    def log_until_each_reset(number):
        for _ in range(5):
            log_rounds(number, rounds=4)
            turns.wait(30)

    in_threads(log_until_each_reset)
    assert seen == dict.fromkeys(("calls", "metrics", "events"), THREADS * 5 * 4)
    assert not sm_metrics.calls


def test_resets_at_any_moment_break_no_call(sm_metrics):
    done = threading.Event()
    counts = []

    def reset_again_and_again():
        while not done.is_set():
            counts.append(len(sm_metrics.calls))
            sm_metrics.reset()

    resetting = threading.Thread(target=reset_again_and_again)
    resetting.start()
    try:
        answers = in_threads(log_rounds)
    finally:
        done.set()
        resetting.join()
    assert [codes(answer) for answers_of in answers for answer in answers_of] == [[]] * (
        THREADS * ROUNDS
    )
    calls = len(sm_metrics.calls)
    stored = sum(len(component.metrics) for component in sm_metrics.trial_components)
    assert stored == calls
    assert max(counts, default=0) <= THREADS * ROUNDS


def test_a_nested_mock_gets_the_calls_of_all_threads_while_it_is_on(sm_metrics):
    inner = []
    entered = threading.Barrier(THREADS + 1)
    logged = threading.Barrier(THREADS + 1)

    def nest():
        for _ in range(5):
            with mock_sm_metrics() as mock:
                entered.wait(30)
                logged.wait(30)
            inner.append(mock)
            entered.wait(30)
            logged.wait(30)

    def log_in_turn(number):
        for _ in range(10):  # with and without the nested mock
            entered.wait(30)
            log_rounds(number, rounds=3)
            logged.wait(30)

    nesting = threading.Thread(target=nest)
    nesting.start()
    in_threads(log_in_turn)
    nesting.join()
    assert [len(mock.calls) for mock in inner] == [THREADS * 3] * 5
    assert len(sm_metrics.calls) == THREADS * 3 * 5


def test_mocks_that_threads_enter_and_leave_at_once_lose_no_call(sm_metrics):
    """The innermost mock answers all threads, so each call is in one of the mocks."""
    mocks = [sm_metrics]

    def enter_and_log(number):
        for _ in range(ROUNDS):
            with mock_sm_metrics() as mock:
                mocks.append(mock)
                put(CLIENTS[0], "run-1", metric(f"loss-{number}"))

    in_threads(enter_and_log)
    assert sum(len(mock.calls) for mock in mocks) == THREADS * ROUNDS
    assert sum(len(one.metrics) for mock in mocks for one in mock.values()) == THREADS * ROUNDS


class TestTasks:
    @pytest.fixture
    def log_in_tasks(self):
        """Return a function that runs tasks, each with rounds of calls through one async client."""
        aiobotocore = pytest.importorskip("aiobotocore.session")

        async def log(client, number):
            for step in range(ROUNDS):
                data = [metric(f"loss-{number}", step=step)]
                await client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)

        async def in_tasks():
            session = aiobotocore.get_session()
            async with session.create_client(
                "sagemaker-metrics", region_name="us-east-1"
            ) as client:
                await asyncio.gather(*(log(client, number) for number in range(THREADS)))

        return in_tasks

    def test_tasks(self, log_in_tasks, sm_metrics):
        fault = sm_metrics.fail_metrics("CONFLICT_ERROR", times=10)
        asyncio.run(log_in_tasks())
        assert (len(sm_metrics.calls), fault.hits) == (THREADS * ROUNDS, 10)
        assert len(sm_metrics["run-1"].metrics) == THREADS * ROUNDS - 10

    def test_tasks_and_threads_together(self, log_in_tasks, sm_metrics):
        fault = sm_metrics.fail_metrics("CONFLICT_ERROR", times=30)

        def log_either_way(number):
            if number % 2:
                asyncio.run(log_in_tasks())
            else:
                log_rounds(number)

        in_threads(log_either_way)
        total = THREADS // 2 * ROUNDS * (THREADS + 1)
        assert (len(sm_metrics.calls), fault.hits) == (total, 30)
        assert sum(len(one.metrics) for one in sm_metrics.trial_components) == total - 30

    def test_tasks_that_each_enter_a_mock(self, log_in_tasks, sm_metrics):
        mocks = [sm_metrics]

        async def enter_and_log():
            async with mock_sm_metrics() as mock:
                mocks.append(mock)
                await log_in_tasks()

        async def several():
            await asyncio.gather(*(enter_and_log() for _ in range(3)))

        asyncio.run(several())
        assert sum(len(mock.calls) for mock in mocks) == 3 * THREADS * ROUNDS
