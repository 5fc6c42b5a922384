"""Calls that are held in flight, and answered in the order of their arrival."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, NamedTuple

from ..clock import real_clock
from ..settings import is_whole
from .exchange import Answer, NoAnswer
from .fault import Fault, Stage, check, is_number

Answered = Future[Answer | NoAnswer]


class _Held(NamedTuple):
    ordinal: int
    future: Answered
    answer: Callable[[], Answer | NoAnswer]
    abandon: Callable[[BaseException], None]
    timer: threading.Timer


class HeldCalls(Fault):
    """Calls that are held in flight: they have arrived, and are answered when the block ends."""

    kind = "hold_calls"
    stage = Stage.HOLD

    def __init__(self, *made_of: Any, timeout: float = 5) -> None:
        check("timeout", timeout, is_number(timeout) and timeout > 0, "a number of seconds over 0")
        super().__init__(*made_of)
        self._more = {} if timeout == 5 else {"timeout": timeout}
        self.timeout = timeout
        self._arrived = threading.Condition()
        self._held: list[_Held] = []

    def hold(
        self,
        ordinal: int,
        answer: Callable[[], Answer | NoAnswer],
        abandon: Callable[[BaseException], None],
    ) -> Answered:
        """Hold one more. The future has its answer when the block ends, and an error if that takes too long.

        `abandon` is called instead of `answer` where nobody waits any more, with what the caller got.
        """
        future: Answered = Future()
        timer = threading.Timer(
            self.timeout, lambda: self._give_up(future)
        )  # real time, whatever is frozen
        timer.daemon = True
        with self._arrived:
            is_held = self.is_in_force
            if is_held:
                self._held.append(_Held(ordinal, future, answer, abandon, timer))
                timer.start()
            self._arrived.notify_all()
        if not is_held:
            future.set_result(answer())
        return future

    def remove(self) -> None:
        """Answer those that are held; later ones are not held."""
        with self._arrived:
            super().remove()
            held, self._held = sorted(self._held, key=lambda one: one.ordinal), []
        for one in held:
            one.timer.cancel()
            if not one.future.set_running_or_notify_cancel():
                one.abandon(CancelledError())
                continue
            try:
                one.future.set_result(one.answer())
            except (
                BaseException
            ) as error:  # whoever waits for the answer is to know, and the next is to have its own
                one.future.set_exception(error)

    def _give_up(self, future: Answered) -> None:
        error = RuntimeError(
            f"a call was held for {self.timeout:g} seconds by {self!r}: the block did not end meanwhile. "
            "Make the call in another thread or task than the block, and let the block end, or hold it longer (timeout)."
        )
        if self.abandon(future, error) and future.set_running_or_notify_cancel():
            future.set_exception(error)

    def abandon(self, future: Answered, error: BaseException) -> bool:
        """Nobody waits for the answer any more, since the caller got an error; whether it was still held."""
        with self._arrived:
            found = [one for one in self._held if one.future is future]
            self._held = [one for one in self._held if one.future is not future]
        for one in found:
            one.timer.cancel()
            one.abandon(error)
        return bool(found)

    def wait(self, n: int = 1) -> None:
        """Wait until n calls are held; an AssertionError after `timeout` seconds, real time. In a coroutine use `asyncio.to_thread`."""
        __tracebackhide__ = True
        check("n", n, is_whole(n, 1), "a whole number from 1")
        deadline = real_clock() + self.timeout
        with self._arrived:
            while len(self._held) < n:
                remaining = deadline - real_clock()
                if remaining <= 0:
                    held = f"{len(self._held)} of {n} calls were held within {self.timeout:g} seconds by {self!r}"
                    raise AssertionError(f"{held}; {self.matches} have passed its filters")
                self._arrived.wait(remaining)
