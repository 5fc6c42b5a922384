"""Retry quotas: what a client's retries may take in standard mode, over its whole life.

A client that a test leaves without quota does not retry in later tests. So a mock restores the
quotas that its requests take from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Quotas:
    """The quotas of clients as they were before a mock's requests took from them."""

    def __init__(self) -> None:
        self._before: dict[Any, int] = {}

    def note(self, quota: Any) -> None:
        """Remember the capacity of a quota (botocore's RetryQuota) before it is used."""
        self._before.setdefault(quota, quota.available_capacity)

    def restore_all(self) -> None:
        """Restore the quotas."""
        while self._before:
            quota, before = self._before.popitem()
            quota.release(max(0, before - quota.available_capacity))

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the quotas: each example starts with whole ones."""
        return self.restore_all
