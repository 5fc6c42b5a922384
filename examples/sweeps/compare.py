"""Sweeps over public uploaders: which of them lose or double metrics, and at which failure.

This command prints a summary and a table for each uploader that is installed:

    python examples/sweeps/compare.py

With `--save` it also writes the results to `found.json`, from which the documentation has its
tables. The two generations of the SageMaker SDK cannot be installed together, so a run keeps the
results of the uploaders that are not installed.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import logging
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import boto3

from pytest_sm_metrics import sweep

sys.path.append(str(Path(__file__).parents[1]))
from uploading.naive import NaiveUploader
from uploading.resilient import Point, ResilientUploader, batches

RUN = "run-1"
POINTS = [Point("loss", step, 1 / (step + 1)) for step in range(25)]
FOUND = Path(__file__).with_name("found.json")
LETTERS = {"ok": ".", "lost": "L", "doubled": "D", "lost and doubled": "X", "raised": "R"}
OUTAGES = ("ThrottlingException", "ServiceUnavailable", "EndpointConnectionError")
OUTAGE = 5
"""The failures in a row. A client as boto3 makes it has no more attempts: five up to botocore 1.43
(mode `legacy`), three since 1.44 (`standard`)."""

Log = Callable[[], object]
"""Logs the points once, from a new sink to its end."""


class Uploader(NamedTuple):
    """One uploader."""

    name: str
    package: str
    """The distribution that has it; the empty string for those of these examples."""
    generation: str
    """The first characters of the versions that have it."""
    make: Callable[[], Log]


def naive() -> Log:
    """Return a function that logs with the naive uploader of `examples/uploading`."""

    def log() -> None:
        with redirect_stdout(io.StringIO()):  # it prints what it loses
            NaiveUploader(RUN).upload(POINTS)

    return log


def resilient() -> Log:
    """Return a function that logs with the resilient uploader of `examples/uploading`."""
    return lambda: ResilientUploader(RUN).upload(POINTS)


def run_of_sdk(package: str) -> Log:
    """Return a training loop as `with Run(...)` has it: an error ends the loop.

    This is the part of `Run` that logs metrics. Its calls to the control plane are left out.
    """
    metrics, session = imported(f"{package}._metrics"), _session_of_sdk()

    def log() -> None:
        with metrics._MetricsManager(RUN, session) as manager:
            for point in POINTS:
                manager.log_metric(point.name, point.value, step=point.step)

    return log


def run_of_sdk_and_errors_caught(package: str) -> Log:
    """Return a training loop that catches the errors of `log_metric`, and goes on."""
    metrics, session = imported(f"{package}._metrics"), _session_of_sdk()

    def log() -> None:
        with suppress(Exception), metrics._MetricsManager(RUN, session) as manager:
            for point in POINTS:
                with suppress(Exception):
                    manager.log_metric(point.name, point.value, step=point.step)

    return log


def async_sink_of_sdk(package: str) -> Log:
    """Return a training loop with the sink that sends in the background."""
    metrics, session = imported(f"{package}._metrics"), _session_of_sdk()

    def log() -> None:
        with _without_waiting(metrics):
            sink = metrics._AsyncMetricsSink(RUN, session.sagemaker_metrics_client)
            with metrics._MetricsManager(RUN, session, sink) as manager:
                for point in POINTS:
                    manager.log_metric(point.name, point.value, step=point.step)

    return log


def resource_of_sagemaker_core() -> Log:
    """Return a loop that sends ten metrics a call with the resource `TrialComponent`."""
    resources = imported("sagemaker.core.resources")
    shapes = imported("sagemaker.core.shapes")
    session, now = _boto3_session(), str(int(time.time()))

    def log() -> None:
        component = resources.TrialComponent(trial_component_name=RUN)
        for batch in batches(POINTS):
            data = [
                shapes.RawMetricData(
                    metric_name=one.name, timestamp=now, step=one.step, value=one.value
                )
                for one in batch
            ]
            component.batch_put_metrics(data, session=session, region=session.region_name)

    return log


def file_writer_of_sagemaker_experiments() -> Log:
    """Return a loop that writes lines to a file, for the agent of a training job to send."""
    metrics = imported("smexperiments.metrics")

    def log() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "metrics.json"))
            with metrics.SageMakerFileMetricsWriter(path) as writer:
                for point in POINTS:
                    writer.log_metric(point.name, point.value, iteration_number=point.step)

    return log


def _boto3_session() -> boto3.Session:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.Session(region_name="us-east-1", **keys)


def _session_of_sdk() -> Any:
    """Return what the sinks need of a session of the SDK: one client for all runs."""
    client = _boto3_session().client("sagemaker-metrics")
    return SimpleNamespace(sagemaker_metrics_client=client)


def imported(name: str) -> Any:
    """Import a module; ignore its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


@contextmanager
def _without_waiting(metrics: Any) -> Iterator[None]:
    """Wait for the threads of the sink without sleep; do not print the errors that end them."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(metrics._MetricQueue, "_CONSUMER_SLEEP_SECONDS", 0))
        stack.enter_context(patch.object(metrics._AsyncMetricsSink, "_COMPLETE_SLEEP_SECONDS", 0))
        stack.enter_context(patch.object(threading, "excepthook", lambda _: None))
        yield


SDK_2 = "sagemaker.experiments"
SDK_3 = "sagemaker.core.experiments"
UPLOADERS = [
    Uploader("naive", "", "", naive),
    Uploader("resilient", "", "", resilient),
    Uploader("sagemaker 2: Run", "sagemaker", "2.", partial(run_of_sdk, SDK_2)),
    Uploader(
        "sagemaker 2: Run, errors caught",
        "sagemaker",
        "2.",
        partial(run_of_sdk_and_errors_caught, SDK_2),
    ),
    Uploader(
        "sagemaker 2: _AsyncMetricsSink", "sagemaker", "2.", partial(async_sink_of_sdk, SDK_2)
    ),
    Uploader("sagemaker-core 2: Run", "sagemaker-core", "2.", partial(run_of_sdk, SDK_3)),
    Uploader(
        "sagemaker-core 2: Run, errors caught",
        "sagemaker-core",
        "2.",
        partial(run_of_sdk_and_errors_caught, SDK_3),
    ),
    Uploader(
        "sagemaker-core 2: _AsyncMetricsSink",
        "sagemaker-core",
        "2.",
        partial(async_sink_of_sdk, SDK_3),
    ),
    Uploader(
        "sagemaker-core 2: TrialComponent", "sagemaker-core", "2.", resource_of_sagemaker_core
    ),
    Uploader(
        "sagemaker-experiments: file writer",
        "sagemaker-experiments",
        "0.1",
        file_writer_of_sagemaker_experiments,
    ),
]


def installed(uploader: Uploader) -> str | None:
    """Return the version of the package of an uploader, or None if it is not installed."""
    try:
        found = version(uploader.package) if uploader.package else ""
    except PackageNotFoundError:
        return None
    return found if found.startswith(uploader.generation) else None


class Found(NamedTuple):
    """The results of one uploader."""

    versions: str
    outcomes: dict[str, str]
    """A letter for each attempt, by failure; a failure several times in a row has `xN`."""
    runs: dict[str, int]
    """The number of runs, by outcome."""
    most: dict[str, int]
    """The most metrics that one run lost or doubled, by outcome."""


def find(uploader: Uploader) -> Found:
    """Run the sweeps over one uploader."""
    log = uploader.make()
    single, outage = sweep(log), sweep(log, only=OUTAGES, times=OUTAGE)
    outcomes: dict[str, str] = {}
    runs, most = dict.fromkeys(LETTERS, 0), dict.fromkeys(LETTERS, 0)
    for suffix, result in (("", single), (f" x{OUTAGE}", outage)):
        for case in result.cases:
            [(failure, _)] = case.faults
            name = failure + suffix
            outcomes[name] = outcomes.get(name, "") + LETTERS[case.outcome]
            runs[case.outcome] += 1
            changed = max(len(case.lost), len(case.doubled))
            most[case.outcome] = max(most[case.outcome], changed)
    packages = ["botocore", *([uploader.package] if uploader.package else [])]
    versions = ", ".join(f"{name} {version(name)}" for name in sorted(packages, reverse=True))
    return Found(versions, outcomes, runs, most)


def saved() -> dict[str, Found]:
    """Return the results that were saved, by the name of the uploader."""
    if not FOUND.exists():
        return {}
    loaded = json.loads(FOUND.read_text(encoding="utf-8"))
    return {one.name: Found(**loaded[one.name]) for one in UPLOADERS if one.name in loaded}


def save(results: dict[str, Found]) -> None:
    """Save results; keep those of other uploaders."""
    together = {**saved(), **results}
    data = {one.name: together[one.name]._asdict() for one in UPLOADERS if one.name in together}
    FOUND.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def summary(results: dict[str, Found]) -> list[tuple[str, ...]]:
    """Return the rows of a table: each uploader, and the number of its runs by outcome."""
    rows = [("uploader", "runs", "ok", "lost", "doubled", "lost and doubled", "raised")]
    for name, found in results.items():
        cells = [str(sum(found.runs.values()))]
        for outcome, number in found.runs.items():
            most = found.most[outcome]
            cells.append(f"{number} (up to {most})" if most else str(number))
        rows.append((name, *cells))
    unused = [at for at, head in enumerate(rows[0]) if {row[at] for row in rows[1:]} == {"0"}]
    return [tuple(cell for at, cell in enumerate(row) if at not in unused) for row in rows]


def matrix(results: dict[str, Found]) -> list[tuple[str, ...]]:
    """Return the rows of a table: each failure, and the letters of each uploader."""
    failures = list(dict.fromkeys(name for found in results.values() for name in found.outcomes))
    rows = [("failure", *results)]
    rows += [
        (failure, *(found.outcomes.get(failure, "") for found in results.values()))
        for failure in failures
    ]
    return rows


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Return a table as plain text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join(lines)


def main() -> None:
    """Print the summary and the tables."""
    parser = argparse.ArgumentParser(description="Sweep the uploaders that are installed.")
    parser.add_argument("--save", action="store_true", help=f"write {FOUND.name}, too")
    arguments = parser.parse_args()
    logging.disable()  # the SDK logs much
    warnings.simplefilter("ignore")
    results: dict[str, Found] = {}
    others: list[str] = []
    for uploader in UPLOADERS:
        if installed(uploader) is None:
            others.append(f"{uploader.name}: not installed")
            continue
        try:
            results[uploader.name] = find(uploader)
        except (AssertionError, ImportError) as error:  # it makes no call, or lacks a package
            others.append(f"{uploader.name}: {error}")
    letters = ", ".join(f"{letter} {outcome}" for outcome, letter in LETTERS.items())
    print(aligned(summary(results)))
    print(f"(up to N): so many of {len(POINTS)} metrics in one run", end="\n\n")
    for name, found in results.items():
        print(f"{name} ({found.versions})", aligned(matrix({name: found})), "", sep="\n")
    print(letters, *others, sep="\n")
    if arguments.save:
        save(results)


if __name__ == "__main__":
    main()
