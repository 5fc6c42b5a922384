"""The cost of delivering CloudTrail's records. Run `deliver` in a fresh process."""

from __future__ import annotations

import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import NamedTuple

from calling import RUN, metrics, new_client

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.cloudtrail.selectors import SUGGESTED
from pytest_sm_metrics.service.exchange import Request


class Delivered(NamedTuple):
    """A delivery to a folder."""

    records: int
    to_a_call: int
    """Metrics of each record."""
    seconds: float
    megabytes: float
    """The growth of the process's peak memory."""


def deliver(records: int, to_a_call: int) -> Delivered:
    """Fill the journal with the request of a real client, and deliver its records to a folder.

    The request arrives a hundred times a second, each time straight at the service.
    """
    with mock_sm_metrics() as mock, TemporaryDirectory() as folder:
        new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(1, to_a_call))
        call = mock.calls[0]
        trail = mock.cloudtrail.create_trail("audit", advanced_event_selectors=SUGGESTED)
        for number in range(records):
            arrived = call.timestamp.timestamp() + number / 100
            body, of_client = bytes(call.body), (call.region, call.user_agent, call.invocation_id)
            mock._service.answer(Request("PUT", "/BatchPutMetrics", body, *of_client, 1, arrived))
        before = getrusage(RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        keys = trail.deliver(folder)
        took = time.perf_counter() - start
        grown = getrusage(RUSAGE_SELF).ru_maxrss - before
        assert all(Path(folder, key).exists() for key in keys)
        return Delivered(records, to_a_call, took, grown / 1024)
