"""The injection of faults: it finds the faults that match a request, and those that fire."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from ...wording import described, joined, safe_repr, shortened
from .fault import Attempt, Fault, Force, Stage
from .filters import PredicateError

AnyFault = TypeVar("AnyFault", bound=Fault)


class FailedPredicate:
    """A predicate of a fault that raised an exception."""

    def __init__(self, fault: Fault, error: PredicateError) -> None:
        self.fault = fault
        self._error = error
        self.raised = error.raised
        """The exception."""

    def message(self, call: object) -> str:
        """Return the message that names fault, filter, value and exception."""
        name, value = self._error.filter_name, shortened(safe_repr(self._error.value))
        what, where = described(self.raised, own_frames=1)
        details = [
            f"fault: {self.fault!r}",
            f"it was called with {value}, and raised{where}",
            f"the call: {call!r}",
        ]
        return joined(f"the predicate of a fault's filter {name} raised {what}", details)


class Matching:
    """The faults whose filters an attempt passes, by stage."""

    def __init__(self, faults: Iterable[Fault], attempt: Attempt) -> None:
        self._by_stage: dict[Stage, list[Any]] = {}
        self.items: dict[int, list[Any]] = {}
        """The faults of single metrics or queries, by the index of the item."""
        self.failure: FailedPredicate | None = None
        """The predicate that raised an exception; the faults after it are not asked."""
        for fault in faults:
            try:
                self._match(fault, attempt)
            except PredicateError as error:
                self.failure = FailedPredicate(fault, error)
                return

    def _match(self, fault: Fault, attempt: Attempt) -> None:
        if not fault.sees(attempt):
            return
        self._by_stage.setdefault(fault.stage, []).append(fault)
        if fault.stage is Stage.ITEM and attempt.columns:
            of_items: Any = fault
            for index in of_items.indexes(attempt.columns):
                self.items.setdefault(index, []).append(fault)

    def at(self, stage: Stage) -> list[Any]:
        """Return the faults of a stage, in the order in which they were added."""
        return self._by_stage.get(stage, [])


class Injection:
    """The faults of one mock."""

    def __init__(self, templates: Sequence[Fault], seed: str, force: Force) -> None:
        self._seed = seed
        self._force = force
        self.added: list[Fault] = []
        """Every fault that was ever in force, in order."""
        for template in templates:
            self.add(template.fresh())

    @property
    def in_force(self) -> list[Fault]:
        """The faults that may fire, in the order in which they were added."""
        return self._force.faults

    def add(self, fault: AnyFault) -> AnyFault:
        """Put a fault in force."""
        fault.put_in_force(self._force)
        self.added.append(fault)
        return fault

    def first(self, matching: Sequence[AnyFault], ordinal: int, index: int = 0) -> AnyFault | None:
        """Count the match for each fault. Return the one that fires: the first that is ready."""
        fired: AnyFault | None = None
        for fault in matching:
            draw = self._draw(fault, ordinal, index)
            if fault.is_in_force and fault.claim(draw, may_fire=fired is None):
                fired = fault
        return fired

    def all(self, matching: Sequence[AnyFault], ordinal: int) -> list[AnyFault]:
        """Count the match for each fault. Return those that fire."""
        return [
            fault
            for fault in matching
            if fault.is_in_force and fault.claim(self._draw(fault, ordinal, 0))
        ]

    def _draw(self, fault: Fault, ordinal: int, index: int) -> Callable[[], float]:
        def draw() -> float:
            text = f"{self._seed}/{ordinal}/{self.added.index(fault)}/{index}"
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
            return int.from_bytes(digest[:7], "big") / 256**7

        return draw

    def release(self) -> None:
        """Answer all calls that are held."""
        for fault in [fault for fault in self.in_force if fault.stage is Stage.HOLD]:
            fault.end()

    def end(self) -> None:
        """Answer all calls that are held, and take all faults out of force."""
        self.release()
        self.in_force.clear()

    def snapshot(self) -> Callable[[], None]:
        """Return a function that restores the present faults and their counts."""
        in_force, added = list(self.in_force), list(self.added)
        restores = [fault.snapshot() for fault in added]

        def restore() -> None:
            self.in_force[:], self.added[:] = in_force, added
            for restore_one in restores:
                restore_one()

        return restore
