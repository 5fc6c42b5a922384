"""Failure messages that are built while other threads change the store."""

from __future__ import annotations

import sys
import threading

import pytest

from pytest_sm_metrics import mock_sm_metrics


@pytest.fixture
def _threads_alternate_often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_threads_alternate_often")
def test_threads_that_create_and_delete_do_not_disturb_failure_messages():
    with mock_sm_metrics() as sm_metrics:
        service = sm_metrics._service
        is_over = threading.Event()
        for index in range(3_000):
            service.delete_trial_component(f"run-{index}", "us-east-1")

        def change(number):
            index = 0
            while not is_over.is_set():
                index += 1
                service.create_trial_component(f"run-{number}-{index}", "us-east-1")
                service.delete_trial_component(f"run-{number}-{index}", "us-east-1")

        threads = [threading.Thread(target=change, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(100):
                with pytest.raises(KeyError) as raised:
                    sm_metrics["run-x"]
                assert "holds no metrics" in str(raised.value)
                with pytest.raises(AssertionError, match="holds no metrics"):
                    sm_metrics.assert_logged("run-0-x", "loss")
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
