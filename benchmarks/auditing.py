"""The cost of delivering CloudTrail's records. Run it in a fresh process."""

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
    """By how much the most memory that the process ever took has grown."""


def deliver(records: int, to_a_call: int) -> Delivered:
    """Fill the journal with a real client's request, a hundred a second; deliver to a folder.

    The request is repeated without the client around it.
    """
    with mock_sm_metrics() as mock, TemporaryDirectory() as folder:
        new_client().batch_put_metrics(TrialComponentName=RUN, MetricData=metrics(1, to_a_call))
        call = mock.calls[0]
        trail = mock.cloudtrail.create_trail("audit", advanced_event_selectors=SUGGESTED)
        for number in range(records):
            arrived = call.timestamp.timestamp() + number / 100
            request = Request(
                "PUT",
                "/BatchPutMetrics",
                bytes(call.body),
                call.region,
                call.user_agent,
                call.invocation_id,
                1,
                arrived,
            )
            mock._service.answer(request)
        before = getrusage(RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        keys = trail.deliver(folder)
        took = time.perf_counter() - start
        assert all(Path(folder, key).exists() for key in keys)
        return Delivered(
            records, to_a_call, took, (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024
        )
