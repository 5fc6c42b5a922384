"""The cost of a call with 10 metrics: floors, this mock, botocore's Stubber, moto."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import botocore
import pyperf
from botocore.awsrequest import AWSResponse
from botocore.stub import Stubber
from training import RUN, metrics, new_client

from pytest_sm_metrics import delay_calls, fail_calls, fail_metrics, mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED

FAULTS = 100

Answering = Callable[[Any, int], AbstractContextManager[object]]
"""Returns a context manager. Inside its block, one method answers the calls of the given client,
at least the given number of them."""


def main() -> None:
    runner = pyperf.Runner()
    for name, answering, client_of in (
        ("call: signed floor", _signed_floor, new_client),
        ("call: unsigned floor", _unsigned_floor, new_client),
        ("call: this mock", _this_mock, new_client),
        (f"call: this mock, {FAULTS} faults that do not match", _with_faults, new_client),
        ("call: this mock, a trail that is not read", _with_a_trail, new_client),
        ("call: Stubber", _stubber, new_client),
        ("call: this mock, moto imported", _this_mock, _new_client_beside_moto),
        ("call: moto", _moto, _new_client_beside_moto),
    ):
        runner.bench_time_func(name, _seconds, answering, client_of)


def _seconds(loops: int, answering: Answering, client_of: Callable[[], Any]) -> float:
    client, batch = client_of(), metrics(step=1)
    with answering(client, loops + 1):
        client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)
        start = time.perf_counter()
        for _ in range(loops):
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)
        return time.perf_counter() - start


def _new_client_beside_moto() -> Any:
    """Return a client that has the handlers that moto puts into each client."""
    import moto  # noqa: F401

    return new_client()


@contextmanager
def _signed_floor(client: Any, _calls: int) -> Iterator[None]:
    """Answer without looking. The request is signed, as it is for AWS."""
    client.meta.events.register("before-send.sagemaker-metrics", _no_errors)
    yield


@contextmanager
def _unsigned_floor(client: Any, calls: int) -> Iterator[None]:
    client.meta.events.register("choose-signer.sagemaker-metrics", lambda **_: botocore.UNSIGNED)
    with _signed_floor(client, calls):
        yield


class _NoErrors:
    """The raw response that urllib3 would return."""

    def stream(self) -> Iterator[bytes]:
        yield b'{"Errors": []}'


def _no_errors(request: Any, **_: Any) -> AWSResponse:
    return AWSResponse(request.url, 200, {"Content-Type": "application/json"}, _NoErrors())


@contextmanager
def _this_mock(_client: Any, _calls: int) -> Iterator[None]:
    with mock_sm_metrics():
        yield


@contextmanager
def _with_faults(_client: Any, _calls: int) -> Iterator[None]:
    """Activate this mock with faults of every kind and with every filter.

    Half of them are for another run, half for other metrics of this one.
    """
    made = [
        fault
        for number in range(FAULTS // 4)
        for fault in (
            fail_metrics("CONFLICT_ERROR", metric_name=f"val:loss-{number}"),
            fail_metrics("INTERNAL_ERROR", metric_name="train:loss-1", step=1_000 + number),
            fail_calls("ThrottlingException", trial_component=re.compile(f"^another-{number}")),
            delay_calls(1, trial_component=RUN, region="eu-west-1"),
        )
    ]
    with mock_sm_metrics(faults=made, unused_faults="ignore"):
        yield


@contextmanager
def _with_a_trail(_client: Any, _calls: int) -> Iterator[None]:
    with mock_sm_metrics() as mock:
        mock.cloudtrail.create_trail("audit", advanced_event_selectors=SUGGESTED)
        yield


@contextmanager
def _stubber(client: Any, calls: int) -> Iterator[None]:
    stubber = Stubber(client)
    for _ in range(calls):
        # The answer of the service, with empty Errors, does not pass the Stubber's validation.
        stubber.add_response("batch_put_metrics", {})
    with stubber:
        yield


@contextmanager
def _moto(_client: Any, _calls: int) -> Iterator[None]:
    from moto import mock_aws

    with mock_aws():
        new_client("sagemaker").create_trial_component(TrialComponentName=RUN)
        yield


if __name__ == "__main__":
    main()
