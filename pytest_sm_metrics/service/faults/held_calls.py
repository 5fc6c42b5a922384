"""The fault that holds calls in flight, and answers them in the order of their arrival."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from typing import Any

from ...accepted import check, is_number, is_whole
from ...clock import real_clock
from ..exchange import Answer, HeldCall, NoAnswer
from .fault import Fault, Schedule, Stage

_TIMEOUT = 5.0
_WHY_NOT_ENDED = (
    "the block did not end in that time. Make the call in another thread or task than the block, "
    "and let the block end, or hold the call longer (timeout)."
)


class HeldCalls(Fault):
    """A fault that holds calls in flight.

    They have arrived. The service answers them when the block ends.
    """

    kind = "hold_calls"
    stage = Stage.HOLD

    def __init__(
        self,
        effect: object,
        filters: Mapping[str, Any],
        schedule: Schedule,
        timeout: float = _TIMEOUT,
    ) -> None:
        __tracebackhide__ = True
        is_timeout = is_number(timeout) and timeout > 0
        check("timeout", timeout, is_timeout, "a number of seconds over 0")
        super().__init__(effect, filters, schedule)
        self.options = {} if timeout == _TIMEOUT else {"timeout": timeout}
        self.timeout = timeout
        self.why_not_ended = _WHY_NOT_ENDED
        """The reason why a hold did not end in time, and the way out."""
        self._arrived = threading.Condition()
        self._held: dict[HeldCall, float] = {}
        """The calls that are held, each with its deadline, in order of arrival here."""
        self._timer: threading.Timer | None = None

    def hold(
        self,
        ordinal: int,
        answer: Callable[[], Answer | NoAnswer],
        record_abandoned: Callable[[BaseException, str], None],
    ) -> Answer | NoAnswer | HeldCall:
        """Hold a call; if the fault was removed meanwhile, answer the call at once."""
        call = HeldCall(ordinal, answer, record_abandoned, self._release)
        with self._arrived:
            is_held = self.is_in_force
            if is_held:
                self._held[call] = real_clock() + self.timeout
                self._arrived.notify_all()
        if not is_held:
            return answer()
        try:
            self._watch()
        except RuntimeError as error:  # without a thread, nothing would end the hold
            call.abandon(error, f"a call could not be held by {self!r}: {error}")
            raise
        return call

    def _take_out(self) -> None:
        """Take the fault out of force, and answer the calls that are held."""
        with self._arrived:
            super()._take_out()
            held, self._held = sorted(self._held, key=lambda call: call.ordinal), {}
            timer, self._timer = self._timer, None
        if timer:
            timer.cancel()
        for call in held:
            if not call.set_running_or_notify_cancel():
                call.record_abandoned(CancelledError(), "")
                continue
            try:
                call.set_result(call.answer())
            except BaseException as error:  # the caller gets it; the next calls are still held
                call.set_exception(error)

    def wait(self, n: int = 1) -> None:
        """Wait until n calls are held. In a coroutine: `await asyncio.to_thread(held.wait)`.

        Raise an AssertionError after `timeout` seconds, real time.
        """
        __tracebackhide__ = True
        check("n", n, is_whole(n, 1), "a whole number from 1")
        self._require_original()
        deadline = real_clock() + self.timeout
        with self._arrived:
            while len(self._held) < n:
                remaining = deadline - real_clock()
                if remaining <= 0:
                    raise AssertionError(
                        f"{len(self._held)} of {n} calls were held within {self.timeout:g} seconds "
                        f"by {self!r}; {self.matches} have passed its filters"
                    )
                self._arrived.wait(remaining)

    def _release(self, call: HeldCall) -> bool:
        with self._arrived:
            return self._held.pop(call, None) is not None

    def _watch(self) -> None:
        """Start the timer for the earliest deadline, unless it already runs."""
        with self._arrived:
            if self._timer is None and self._held:
                first = min(self._held.values())
                self._timer = threading.Timer(max(0, first - real_clock()), self._give_up)
                self._timer.daemon = True
                try:
                    self._timer.start()
                except RuntimeError:
                    self._timer = None
                    raise

    def _give_up(self) -> None:
        """Fail the calls whose deadline has passed."""
        with self._arrived:
            self._timer = None
            now = real_clock()
            late = [call for call, deadline in self._held.items() if deadline <= now]
        for call in late:
            error = RuntimeError(
                f"a call was held for {self.timeout:g} seconds by {self!r}: {self.why_not_ended}"
            )
            if call.abandon(error, str(error)) and call.set_running_or_notify_cancel():
                call.set_exception(error)
        self._watch()
