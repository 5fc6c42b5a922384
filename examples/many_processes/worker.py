"""A worker of a distributed training: it trains on its shard, and logs the curve of its rank.

A launcher starts it once for each rank, as torchrun does, with RANK and WORLD_SIZE in the
environment.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime, timezone

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from train import descend, noisy_line

BATCH_SIZE = 10  # the most that BatchPutMetrics takes
FAILED = 3  # the exit status of a worker whose metrics could not be logged


def run_name(job: str, rank: int) -> str:
    """Return the name of the trial component of a rank."""
    return f"{job}-rank-{rank}"


def train_rank(job: str, rank: int, world_size: int, epochs: int = 10) -> float:
    """Train on the shard of a rank, and log its loss of each epoch. Return the last loss."""
    shard = noisy_line(seed=1, points=20 * world_size)[rank::world_size]
    losses = list(descend(shard, epochs, learning_rate=0.5))
    # With many workers at once, throttling is likely: botocore's retries survive a little of it.
    retries = Config(retries={"mode": "standard", "total_max_attempts": 3})
    client = boto3.client("sagemaker-metrics", config=retries)
    now = datetime.now(timezone.utc)
    for start in range(0, epochs, BATCH_SIZE):
        batch = enumerate(losses[start : start + BATCH_SIZE], start)
        data = [
            {"MetricName": "train:loss", "Timestamp": now, "Step": step, "Value": loss}
            for step, loss in batch
        ]
        client.batch_put_metrics(TrialComponentName=run_name(job, rank), MetricData=data)
    return losses[-1]


def main() -> int:
    """Train as the rank that the environment names. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job")
    job = parser.parse_args().job
    rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    try:
        loss = train_rank(job, rank, world_size)
    except ClientError as error:
        print(f"rank {rank}: {error}", file=sys.stderr)
        return FAILED
    print(f"rank {rank}: loss {loss:.4f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
