"""Failure messages are made while other threads change what they are about."""

from __future__ import annotations

import threading

import pytest

from pytest_sm_metrics import mock_sm_metrics

from .requests import answered, body, item, request


def test_threads_that_create_and_delete_do_not_disturb_failure_messages():
    with mock_sm_metrics() as sm_metrics:
        service = sm_metrics._service
        is_over = threading.Event()
        raised = []

        def change(number):
            try:
                while not is_over.is_set():
                    for index in range(50):
                        name = f"run-{number}-{index}"
                        service.create_trial_component(name, None if index % 2 else "us-east-1")
                        answered(service, request(body(item(f"m{index}"), run=name)))
                        service.delete_trial_component(name, "us-east-1")
            except BaseException as error:
                raised.append(error)

        threads = [threading.Thread(target=change, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(100):
                with pytest.raises(KeyError, match="holds no metrics"):
                    sm_metrics["run-x"]
                with pytest.raises(AssertionError, match="holds no metrics"):
                    sm_metrics.assert_logged("run-0-x", "loss")
                sm_metrics.assert_not_logged("run-0-1", "loss")
                assert "run-x" not in sm_metrics
                repr(sm_metrics)
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
        assert raised == []
