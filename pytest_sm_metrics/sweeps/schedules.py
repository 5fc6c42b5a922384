"""Random schedules: several failures, each at a random attempt."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

Schedule = Sequence[tuple[str, int]]
"""The names of failures, each with the number of matches that pass first."""

_FEWEST, _MOST = 2, 4  # failures in a schedule


def random_schedules(
    names: Sequence[str], attempts: int, number: int, seed: int
) -> Iterator[Schedule]:
    """Return schedules of some failures; the same seed always has the same ones."""
    draw = random.Random(seed)
    for _ in range(number if names else 0):
        several = draw.randint(_FEWEST, _MOST)
        yield [(draw.choice(names), draw.randrange(attempts)) for _ in range(several)]


def shortest(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """Return the fewest failures of a failing schedule that fail, each as early as possible."""
    parts = (part for size in range(1, len(schedule)) for part in combinations(schedule, size))
    found = list(next((part for part in parts if fails(part)), schedule))
    for index, (name, at) in enumerate(found):
        earlier = ([*found[:index], (name, one), *found[index + 1 :]] for one in range(at))
        found = next((part for part in earlier if fails(part)), found)
    return found
