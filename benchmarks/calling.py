"""The cost of a call with ten metrics, for each method of answering it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timezone
from typing import Any

import boto3
import botocore
from botocore.awsrequest import AWSResponse
from botocore.stub import Stubber

from pytest_sm_metrics import delay_calls, fail_calls, fail_metrics, mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED

RUN = "run-1"
CALLS_A_ROUND = 40
FAULTS = 100
WITH_FAULTS = f"with {FAULTS} faults that do not match"
WITH_A_TRAIL = "with a trail that is not read"
# In the first call of a round, botocore's emitters look up their handlers again.
_UNTIMED_CALLS = 5
_NOON = datetime(2026, 9, 1, 12, tzinfo=timezone.utc)

Answering = Callable[[Any], AbstractContextManager[object]]
"""Returns a context manager. Inside its block, the given client is answered by one method."""

Rounds = dict[str, list[float]]
"""Microseconds a call in each round, by method."""


def metrics(step: int, count: int = 10) -> list[dict[str, Any]]:
    """Return MetricData for one call."""
    common = {"Timestamp": _NOON, "Step": step}
    return [
        {"MetricName": f"train:loss-{n}", "Value": (n + 1) / (step + 3), **common}
        for n in range(count)
    ]


def new_client(service: str = "sagemaker-metrics", url: str | None = None) -> Any:
    """Return a client of a new session."""
    session = boto3.session.Session("AKIDEXAMPLE", "secret", region_name="us-east-1")
    return session.client(service, endpoint_url=url)


def without_moto(rounds: int) -> Rounds:
    """Measure the floors, this mock and Stubber."""
    return _interleaved(
        {
            "signed floor": (_signed_floor, new_client()),
            "unsigned floor": (_unsigned_floor, new_client()),
            "this mock": (_this_mock, new_client()),
            WITH_FAULTS: (_this_mock_with_faults, new_client()),
            WITH_A_TRAIL: (_this_mock_with_a_trail, new_client()),
            "Stubber": (_stubber, new_client()),
        },
        rounds,
    )


def with_moto(rounds: int) -> Rounds:
    """Measure this mock and moto, whose handler is in every client made once it is imported.

    The client of the floor is made before.
    """
    floor = new_client()
    import moto  # noqa: F401

    return _interleaved(
        {
            "signed floor": (_signed_floor, floor),
            "this mock": (_this_mock, new_client()),
            "moto": (_moto, new_client()),
        },
        rounds,
    )


def _interleaved(methods: Mapping[str, tuple[Answering, Any]], rounds: int) -> Rounds:
    """Measure every method once a round, each time in another random order."""
    ours = (_this_mock, _this_mock_with_faults, _this_mock_with_a_trail)
    _keep_this_mock_out_of(
        [client for answering, client in methods.values() if answering not in ours]
    )
    for answering, client in methods.values():
        _microseconds_a_call(answering, client)
    took: Rounds = {name: [] for name in methods}
    for number in range(rounds):
        for name in random.Random(number).sample(list(methods), len(methods)):
            took[name].append(_microseconds_a_call(*methods[name]))
    return took


def _keep_this_mock_out_of(clients: list[Any]) -> None:
    """Remove the handlers that the first activation puts into all clients.

    They do nothing while no mock is on, but a call to them takes time.
    """
    from pytest_sm_metrics.aws.handlers import FIRST_HANDLERS, LAST_HANDLERS

    with mock_sm_metrics():
        pass
    for client in clients:
        for event, handler in (*FIRST_HANDLERS, *LAST_HANDLERS):
            client.meta.events.unregister(event, handler)


def _microseconds_a_call(answering: Answering, client: Any) -> float:
    batch = metrics(step=1)
    with answering(client):
        for _ in range(_UNTIMED_CALLS):
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)
        start = time.perf_counter()
        for _ in range(CALLS_A_ROUND):
            client.batch_put_metrics(TrialComponentName=RUN, MetricData=batch)
        return (time.perf_counter() - start) / CALLS_A_ROUND * 1e6


@contextmanager
def _signed_floor(client: Any) -> Iterator[None]:
    with _handling(client, "before-send", _no_errors):
        yield


@contextmanager
def _unsigned_floor(client: Any) -> Iterator[None]:
    with (
        _handling(client, "before-send", _no_errors),
        _handling(client, "choose-signer", lambda **_: botocore.UNSIGNED),
    ):
        yield


@contextmanager
def _handling(client: Any, event: str, handler: Callable[..., object]) -> Iterator[None]:
    client.meta.events.register(f"{event}.sagemaker-metrics", handler)
    yield
    client.meta.events.unregister(f"{event}.sagemaker-metrics", handler)


class _NoErrors:
    """The raw response that urllib3 would return."""

    def stream(self) -> Iterator[bytes]:
        yield b'{"Errors": []}'


def _no_errors(request: Any, **_: Any) -> AWSResponse:
    return AWSResponse(request.url, 200, {"Content-Type": "application/json"}, _NoErrors())


@contextmanager
def _this_mock(_client: Any) -> Iterator[None]:
    with mock_sm_metrics():
        yield


@contextmanager
def _this_mock_with_faults(_client: Any) -> Iterator[None]:
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
def _this_mock_with_a_trail(_client: Any) -> Iterator[None]:
    with mock_sm_metrics() as mock:
        mock.cloudtrail.create_trail("audit", advanced_event_selectors=SUGGESTED)
        yield


@contextmanager
def _stubber(client: Any) -> Iterator[None]:
    stubber = Stubber(client)
    for _ in range(_UNTIMED_CALLS + CALLS_A_ROUND):
        # The answer of the service, with empty Errors, does not pass the Stubber's validation.
        stubber.add_response("batch_put_metrics", {})
    with stubber:
        yield


@contextmanager
def _moto(_client: Any) -> Iterator[None]:
    from moto import mock_aws

    with mock_aws():
        new_client("sagemaker").create_trial_component(TrialComponentName=RUN)
        yield
