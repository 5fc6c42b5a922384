"""Two ways to run a training in many processes: a launcher like torchrun, and a pool."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from many_processes.worker import train_rank

EXAMPLES = Path(__file__).parent.parent


def launch(job: str, world_size: int) -> list[int]:
    """Start one process for each rank, and wait for all. Return their exit statuses."""
    command = [sys.executable, "-m", "many_processes.worker", job]
    workers = []
    for rank in range(world_size):
        ranks = {"RANK": str(rank), "WORLD_SIZE": str(world_size)}
        workers.append(subprocess.Popen(command, cwd=EXAMPLES, env={**os.environ, **ranks}))
    return [worker.wait() for worker in workers]


def train_in_pool(job: str, world_size: int) -> list[float]:
    """Train every rank in a pool of processes. Return the last loss of each."""
    train_one = partial(train_rank, job, world_size=world_size)
    with ProcessPoolExecutor(world_size, get_context("spawn")) as pool:
        return list(pool.map(train_one, range(world_size)))
