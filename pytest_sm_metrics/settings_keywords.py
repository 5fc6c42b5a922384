"""The settings as keywords, for type checkers: nothing imports this module at run time.

To make the TypedDict takes longer than to import all of `settings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypedDict

from .settings import (
    ChildProcesses,
    ConcurrentWrites,
    RejectedMetrics,
    UnknownTrialComponent,
    UnusedFaults,
    Window,
)


class FaultTemplate(Protocol):
    """A fault for the setting `faults`, as `fail_calls(...)` and the other functions make it."""

    def fresh(self) -> Any:
        """Return a fault like it that has not fired."""


class SettingsKeywords(TypedDict, total=False):
    """The settings as keywords of `mock_sm_metrics`, for type checkers."""

    account_id: str
    organization_id: str | None
    caller_arn: str | None
    metric_limit: int | None
    metric_name_limit: int | None
    unknown_trial_component: UnknownTrialComponent
    concurrent_writes: ConcurrentWrites
    timestamp_window: Window | None
    query_limit: int | None
    fast_retries: bool
    unused_faults: UnusedFaults
    rejected_metrics: RejectedMetrics
    faults: Sequence[FaultTemplate]
    child_processes: ChildProcesses
    seed: int
