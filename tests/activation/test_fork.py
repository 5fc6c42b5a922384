"""Forked children: their calls raise and say why; the parent neither hangs nor is corrupted."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

from pytest_sm_metrics import UnmockedCallError, current, mock_sm_metrics

from ..logging_metrics import client_in, metric, put

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def log(run="run-1"):
    put(client_in("us-east-1"), run, metric())
    return os.getpid()


def log_in_a_mock_of_its_own():
    with mock_sm_metrics() as sm_metrics:
        log()
    return len(sm_metrics.calls)


@pytest.fixture
def child(sm_metrics):
    """A process that was forked while the mock was on."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        yield pool


def test_a_call_raises_and_says_why(sm_metrics, child):
    log()
    with pytest.raises(UnmockedCallError) as raised:
        child.submit(log, "run-2").result(30)
    message = str(raised.value)
    assert (
        f"forked from process {os.getpid()} while a mock of SageMaker Metrics was on there"
        in message
    )
    assert 'It did not reach AWS. The setting child_processes="answer" has that mock' in message
    assert "Or log from the parent or from its threads" in message
    assert (raised.value.operation, raised.value.trial_component) == ("BatchPutMetrics", "run-2")
    log()
    assert [call.trial_component for call in sm_metrics.calls] == ["run-1", "run-1"]


def read(_):
    return list(current()), len(current().calls), current().assert_not_logged("run-2", "loss")


def test_what_was_there_before_the_fork_can_be_read(sm_metrics):
    log()
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        assert pool.submit(read, None).result(30) == (["run-1"], 1, True)


def test_a_mock_of_the_childs_own(sm_metrics, child):
    assert child.submit(log_in_a_mock_of_its_own).result(30) == 1
    assert not sm_metrics.calls


def test_a_child_that_was_forked_while_another_thread_held_the_locks(sm_metrics):
    held, release = threading.Event(), threading.Event()

    def hold():
        with sm_metrics._service.lock:
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    pid = os.fork()
    if pid == 0:
        try:
            log()
        except UnmockedCallError:
            os._exit(7)
        os._exit(1)
    release.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    log()
    assert len(sm_metrics.calls) == 1
