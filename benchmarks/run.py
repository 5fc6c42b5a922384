"""Print the costs of this mock: a call, an unused plugin, an activation, a stored metric, a server.

`python benchmarks/run.py` takes some minutes, most of them for a million metrics of a real
client. `python benchmarks/run.py --quick` stops at 100,000.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

import auditing
import calling
import growing
import querying
import serving
import sweeping

T = TypeVar("T")


class Effort(NamedTuple):
    """The number of measurements."""

    rounds: int
    """The rounds of calls."""
    pairs: int
    """The pairs of pytest runs."""
    children: int
    """The processes that import or activate."""
    sizes: list[int]
    """The sizes of the store, in metrics."""
    servings: int
    """The rounds of requests to servers."""
    resets: int
    """The times that a server is filled and reset."""


FULL = Effort(30, 30, 15, [1_000, 100_000, 1_000_000], servings=10, resets=10)
QUICK = Effort(10, 10, 5, [1_000, 100_000], servings=3, resets=3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    about = "fewer rounds, and a store of no more than 100,000 metrics"
    parser.add_argument("--quick", action="store_true", help=about)
    effort = QUICK if parser.parse_args().quick else FULL
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("botocore", "aiohttp", "moto", "pytest")
    )
    print(f"Python {platform.python_version()}, {packages}")
    print_calls(effort.rounds)
    with child_processes() as child:
        print_start_up(child, effort)
        print_switching_on(child, effort.children)
    print_growth(effort.sizes)
    print_size(effort.sizes)
    print_queries(effort.sizes)
    print_deliveries(effort.sizes)
    print_sweep()
    print_serving(effort.servings)
    print_memory_of_a_server(effort.resets)
    with child_processes() as child:
        print_start_of_a_server(child, effort.children)


# Calls

GIVE_OR_TAKE = (
    "give or take: the uncertainty of the median, 1.57 times the interquartile range over the root "
    "of the number of measurements"
)


def print_calls(rounds: int) -> None:
    title = (
        f"A call with 10 metrics: medians of {rounds} rounds of {calling.CALLS_A_ROUND} calls, "
        "methods taking turns in each round"
    )
    header = ["", "us a call", "of the signed floor", "give or take", "target"]

    took = in_fresh_process(calling.without_moto, rounds)
    more = []
    for name, limit in ((calling.WITH_FAULTS, 1.2), (calling.WITH_A_TRAIL, 1.05)):
        ratios = ratios_of(took[name], took["this mock"])
        more.append([f"{name} / this mock", "", *estimate(ratios, limit, digits=2)])
    print_table(f"{title}; moto is not imported", header, [*call_rows(took), *more])
    print_notes(
        [
            "of the signed floor: the ratio to the signed floor of the same round; each method "
            "has its own client",
            GIVE_OR_TAKE,
            "floors: a before-send handler answers without looking; unsigned: choose-signer "
            "returns botocore.UNSIGNED",
            "Stubber: its responses are queued before the clock starts",
        ]
    )

    took = in_fresh_process(calling.with_moto, rounds)
    slower = median(ratios_of(took["moto"], took["this mock"]))
    of_moto = ["moto / this mock", "", f"{slower:.2f}", "", at_least(2, slower)]
    print_table(f"{title}; moto is imported", header, [*call_rows(took), of_moto])
    print_notes(
        [
            "the clients of this mock and moto are made after moto is imported, that of the floor "
            "before; one mock is on at a time"
        ]
    )


def call_rows(took: calling.Rounds) -> Iterator[list[str]]:
    for name, rounds in took.items():
        limit = 0.85 if name == "this mock" else None
        ratios = ratios_of(rounds, took["signed floor"])
        yield [name, f"{median(rounds):.0f}", *estimate(ratios, limit, digits=3)]


def ratios_of(rounds: list[float], others: list[float]) -> list[float]:
    return [one / other for one, other in zip(rounds, others, strict=True)]


def in_fresh_process(function: Callable[..., T], *arguments: Any) -> T:
    """Return the result of a function, called in a process that has imported nothing else."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


# Start-up and switching on

# A plugin named with -p makes pytest read the entry points of all that is installed, as any
# ordinary run does anyway:
# so there is one without ours too, a module that has nothing for pytest and is imported already.
WITHOUT = ("-p", "keyword")
WITH = ("-p", "pytest_sm_metrics.plugin")

IMPORT_PLUGIN = """
import json, sys, time
import pytest
start = time.perf_counter()
import pytest_sm_metrics.plugin
took = time.perf_counter() - start
print(json.dumps([took * 1e3, "botocore" in sys.modules]))
"""

RUN_WITHIN = """
import contextlib, io, json, sys, time
import pytest

def run(plugin):
    for name in [name for name in sys.modules if name.startswith("pytest_sm_metrics")]:
        del sys.modules[name]
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.process_time()
        exit_code = pytest.main(["-p", plugin])
        took = time.process_time() - start
    assert exit_code == pytest.ExitCode.NO_TESTS_COLLECTED
    return took * 1e3

plugins = sys.argv[1:3]
differences = []
for plugin in plugins:
    run(plugin)  # the first imports what the others find
for pair in range(int(sys.argv[3])):
    took = {plugin: run(plugin) for plugin in (plugins if pair % 2 else plugins[::-1])}
    differences.append(took[plugins[1]] - took[plugins[0]])
print(json.dumps(differences))
"""

SWITCH_ON = """
import json, statistics, time
import boto3

def activation():
    start = time.perf_counter()
    from pytest_sm_metrics import mock_sm_metrics
    with mock_sm_metrics():
        pass
    return (time.perf_counter() - start) * 1e6

print(json.dumps([activation(), statistics.median(activation() for _ in range(500))]))
"""


class Spent(NamedTuple):
    """Milliseconds of a child process."""

    cpu: float
    wall: float


Child = Callable[..., tuple[str, Spent]]
"""Runs Python with the given arguments; returns its output and the time it took."""


@contextmanager
def child_processes() -> Iterator[Child]:
    """Return a function that runs Python in an empty directory.

    The processes load no plugin by themselves, and share their byte code.
    """
    with TemporaryDirectory() as directory:
        empty = Path(directory, "empty")
        empty.mkdir()
        environment = dict(os.environ)
        for name in ("PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"):
            environment.pop(name, None)
        environment["PYTHONPYCACHEPREFIX"] = f"{directory}/bytecode"
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

        def child(*arguments: str, exit_code: int = 0) -> tuple[str, Spent]:
            before, start = getrusage(RUSAGE_CHILDREN), time.perf_counter()
            ended = subprocess.run(
                [sys.executable, *arguments],
                cwd=empty,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            wall, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
            assert ended.returncode == exit_code, ended.stdout + ended.stderr
            cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            return ended.stdout, Spent(cpu * 1e3, wall * 1e3)

        yield child


def print_start_up(child: Child, effort: Effort) -> None:
    pairs = list(zip(*pytest_runs(child, effort.pairs).values(), strict=True))
    within = json.loads(child("-c", RUN_WITHIN, WITHOUT[1], WITH[1], str(5 * effort.pairs))[0])
    imports = [json.loads(child("-c", IMPORT_PLUGIN)[0]) for _ in range(effort.children)]
    assert not any(has_botocore for _, has_botocore in imports)
    bare_cpu = [bare.cpu for bare, _ in pairs]
    more_cpu = [ours.cpu - bare.cpu for bare, ours in pairs]
    more_wall = [ours.wall - bare.wall for bare, ours in pairs]
    importing = [took for took, _ in imports]
    print_table(
        "Installed and unused: pytest without tests, with and without the plugin in turn",
        ["", "ms", "give or take", "target"],
        [
            ["a run without the plugin, CPU", *estimate(bare_cpu)],
            ["difference with it, CPU (user + sys)", *estimate(more_cpu, limit=5)],
            ["difference with it, wall", *estimate(more_wall, limit=5)],
            ["difference with it, CPU, many runs in one process", *estimate(within, limit=5)],
            ["importing the plugin, pytest imported, wall", *estimate(importing, limit=5)],
        ],
    )
    print_notes(
        [
            f"medians of {effort.pairs} pairs of processes, of {len(within)} pairs of runs in one "
            f"process, of {effort.children} imports",
            "with the plugin loaded, botocore is not imported",
        ]
    )


def pytest_runs(child: Child, pairs: int) -> dict[tuple[str, str], list[Spent]]:
    """Measure what pytest spends with and without the plugin, in alternating order.

    The first pair writes byte code and does not count.
    """
    spent: dict[tuple[str, str], list[Spent]] = {WITHOUT: [], WITH: []}
    for pair in range(pairs + 1):
        for plugin in (WITHOUT, WITH) if pair % 2 else (WITH, WITHOUT):
            _, run = child("-m", "pytest", *plugin, exit_code=5)  # 5: no tests
            spent[plugin].append(run)
    return {plugin: runs[1:] for plugin, runs in spent.items()}


def print_switching_on(child: Child, children: int) -> None:
    child("-c", SWITCH_ON)  # writes byte code
    measured = [json.loads(child("-c", SWITCH_ON)[0]) for _ in range(children)]
    first = median(one for one, _ in measured)
    later = median(one for _, one in measured)
    print_table(
        f"Switching on and off, boto3 imported: medians of {children} processes",
        ["", "us", "target"],
        [
            ["first in a process, imports included", f"{first:.0f}", ""],
            ["each later one", f"{later:.0f}", at_most(1000, later)],
        ],
    )


# Growth


def print_growth(sizes: list[int]) -> None:
    grown = in_fresh_process(growing.fill_through_client, sizes)
    first = grown[0].median
    resident = [""]
    for before, after in pairwise(grown):
        growth, metrics = after.resident - before.resident, after.stored - before.stored
        resident.append(f"{growth / metrics:.0f}")
    rows = []
    for one, memory in zip(grown, resident, strict=True):
        ratio = one.median / first
        costs = [f"{one.median:.0f}", f"{one.mean:.0f}", f"{ratio:.2f}", at_most(1.2, ratio)]
        rows.append([f"{one.stored:,}", *costs, memory])
    costs = ["us a call", "mean", "of the first", "target"]
    header = ["metrics stored", *costs, "resident bytes a metric"]
    print_table("As the store grows: a real client puts 10 metrics a call", header, rows)
    print_notes(
        [
            f"us a call: the median of the last {growing.LAST_CALLS} calls, or of all where there "
            "are fewer",
            "mean: of all calls since the row above, garbage collection included",
            "resident bytes a metric: by how much the process grew since the row above, a "
            "cross-check of the next table",
        ]
    )


def print_size(sizes: list[int]) -> None:
    rows = []
    for stored, to_a_call in [*((size, 10) for size in sizes), (100_000, 1)]:
        size = in_fresh_process(growing.measure_size, stored, to_a_call)
        target = at_most(200, size.kept) if to_a_call == 10 else ""
        kept = [f"{size.kept:.0f}", target, f"{size.read:.0f}"]
        rows.append([f"{stored:,}", f"{to_a_call}", f"{size.body:.0f}", *kept])
    print_table(
        "Bytes a metric",
        ["metrics stored", "to a call", "body as sent", "kept", "target", "kept, once read"],
        rows,
    )
    print_notes(
        [
            "kept: what tracemalloc counts while the service answers requests like a real "
            "client's; bodies, journal and ids are in it",
            "once read: after the metrics of the trial component were listed, which sorts them "
            "into columns",
        ]
    )


# Reading back


def print_sweep() -> None:
    swept = in_fresh_process(sweeping.uploader)
    calls = swept.cases * sweeping.CALLS
    row = [f"{swept.cases}", f"{swept.seconds:.2f}", at_most(2, swept.seconds)]
    share = f"{swept.activations / swept.seconds:.0%}"
    print_table(
        f"A sweep over all failures at each call of an uploader that makes {sweeping.CALLS} calls",
        ["", "runs", "s", "target", "us a call", "of it activation"],
        [["uploader", *row, f"{swept.seconds / calls * 1e6:.0f}", share]],
    )


def print_queries(sizes: list[int]) -> None:
    few, *_, many = sizes
    cases = [(few, 0, 1), (few, many, 1), (few, 0, 100), (many, 0, 1), (many, 0, 10)]
    asked = [in_fresh_process(querying.ask, *case, "Last") for case in cases]
    asked += [
        in_fresh_process(querying.ask, many, 0, 1, statistic)
        for statistic in ("Count", "Avg", "StdDev")
    ]
    alone, beside, hundred, one, ten = (case.milliseconds for case in asked[:5])
    targets = [
        "",
        at_most(1.2, beside / alone),
        at_most(100, hundred / alone),
        at_most(1.5 * many / few, one / alone),
        at_most(11, ten / one),
    ]
    rows = []
    for case, target in zip(asked, [*targets, "", "", ""], strict=True):
        asked_for = [f"{case.points:,}", f"{case.elsewhere:,}", f"{case.queries}", case.statistic]
        rows.append([*asked_for, f"{case.milliseconds:.1f}", target])
    title = "Reading back: a real client, ten points to a Step"
    print_table(
        title,
        ["points", "elsewhere", "queries", "statistic", "ms a call", "target, of a row above"],
        rows,
    )
    print_notes(
        [
            "targets: the points of another trial component cost nothing (at most 1.2 times a "
            "call without them);",
            "a hundred queries cost no more than a hundred calls, ten queries of many points no "
            "more than 11 times one;",
            "more points cost no more than 1.5 times their share of a call that is mostly the "
            "client's",
        ]
    )


# CloudTrail


def print_deliveries(sizes: list[int]) -> None:
    delivered = [
        in_fresh_process(auditing.deliver, records, to_a_call)
        for to_a_call in (1, 10)
        for records in sizes
        if records <= 100_000
    ]
    print_table(
        "CloudTrail's records to a folder",
        ["records", "metrics in each", "seconds", "more memory, MB"],
        [
            [f"{one.records:,}", f"{one.to_a_call}", f"{one.seconds:.1f}", f"{one.megabytes:.0f}"]
            for one in delivered
        ],
    )


# The server

ROUND = 10_000
ROUND_OF_MOTO = 1_000

START_SERVER = """
import json, statistics, sys, time
import boto3, botocore.client
from pytest_sm_metrics import SageMakerMetricsServer, mock_sm_metrics

def start():
    start = time.perf_counter()
    with SageMakerMetricsServer():
        return (time.perf_counter() - start) * 1e3

with mock_sm_metrics():
    client = boto3.client("sagemaker-metrics")
    metric = {"MetricName": "loss", "Timestamp": 1788264000, "Value": 0.5}
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=[metric])
unused = "aiohttp" not in sys.modules and "pytest_sm_metrics.server.thread" not in sys.modules
begin = time.perf_counter()
import aiohttp
took = (time.perf_counter() - begin) * 1e3
print(json.dumps([unused, took, took + start(), statistics.median(start() for _ in range(20))]))
"""


def print_serving(rounds: int) -> None:
    with serving.this_server() as ours, serving.motos_server() as motos:
        turns = [
            (serving.measure(ours, ROUND), serving.measure(motos, ROUND_OF_MOTO))
            for _ in range(rounds)
        ]
    rows = []
    for number, name in enumerate(("this server", "moto's server")):
        own = [turn[number] for turn in turns]
        rate = f"{median(one.rate for one in own):.0f}"
        p99 = f"{median(one.p99 for one in own):.1f}"
        rows.append([name, rate, "", p99, "", f"{median(one.cpu for one in own):.0f}"])
    rate_ratio = median(our.rate / moto.rate for our, moto in turns)
    p99_ratio = median(our.p99 / moto.p99 for our, moto in turns)
    rates = [f"{rate_ratio:.1f}", at_least(12, rate_ratio)]
    p99s = [f"{p99_ratio:.3f}", at_most(0.1, p99_ratio)]
    cpu = f"{median(our.cpu / moto.cpu for our, moto in turns):.3f}"
    rows.append(["this server / moto's server", *rates, *p99s, cpu])
    print_table(
        f"Over HTTP, 10 metrics a request: medians of {rounds} rounds, servers in turns",
        ["", "requests a second", "target", "99th percentile, ms", "target", "us of CPU a request"],
        rows,
    )
    print_notes(
        [
            f"each round: {ROUND:,} requests to this server and {ROUND_OF_MOTO:,} to moto's",
            f"the load: one process with {serving.CONNECTIONS} connections, each of which sends "
            "its next request when it has its answer",
            "moto's server closes each connection after its answer; this server keeps them",
        ]
    )


def print_memory_of_a_server(resets: int) -> None:
    rows = []
    with serving.this_server() as server:
        begin = before = server.resident
        for number in range(1, resets + 1):
            serving.measure(server, ROUND)
            filled = server.resident
            server.reset()
            rows.append(
                [
                    f"{number * ROUND:,}",
                    f"{(filled - before) / ROUND / 10:.0f}",
                    f"{(filled - begin) / 1e6:.1f}",
                    f"{(server.resident - begin) / 1e6:.1f}",
                ]
            )
            before = server.resident
    print_table(
        "Memory of the server's process",
        ["requests", "resident bytes a metric", "more than at first, MB", "after a reset, MB"],
        rows,
    )
    print_notes(
        [
            "the store keeps all metrics, as in process; a reset removes them",
            "resident bytes a metric: by how much the process grew since the row above",
        ]
    )


def print_start_of_a_server(child: Child, children: int) -> None:
    child("-c", START_SERVER)  # writes byte code
    measured = [json.loads(child("-c", START_SERVER)[0]) for _ in range(children)]
    assert all(unused for unused, *_ in measured)
    importing, first, later = (median(column) for column in list(zip(*measured, strict=True))[1:])
    print_table(
        f"Start of the server, boto3 imported: medians of {children} processes",
        ["", "ms", "target"],
        [
            ["first in a process, imports included", f"{first:.0f}", at_most(100, first)],
            ["  of which: import aiohttp", f"{importing:.0f}", ""],
            ["each later one", f"{later:.1f}", ""],
        ],
    )
    print_notes(["aiohttp is not imported before: a mock without a server needs none of it"])


# Output


def estimate(
    numbers: list[float], limit: float | None = None, digits: int = 1
) -> tuple[str, str, str]:
    """Return the median, its uncertainty, and the verdict on a limit.

    The uncertainty is that of the notches in box plots, about 95 %.
    """
    lower, _, upper = quantiles(numbers)
    middle, uncertainty = median(numbers), 1.57 * (upper - lower) / len(numbers) ** 0.5
    verdict = "" if limit is None else at_most(limit, middle, uncertainty)
    return f"{middle:.{digits}f}", f"{uncertainty:.{digits}f}", verdict


def at_most(limit: float, value: float, uncertainty: float = 0) -> str:
    if value + uncertainty <= limit:
        return f"<= {limit:g} met"
    if value - uncertainty > limit:
        return f"<= {limit:g} MISSED"
    return f"<= {limit:g} unclear"


def at_least(limit: float, value: float) -> str:
    return f">= {limit:g} {'met' if value >= limit else 'MISSED'}"


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns, the first to the left, the others to the right."""
    table = [header, *rows]
    first, *others = (max(map(len, column)) for column in zip(*table, strict=True))
    print(f"\n{title}\n")
    for name, *cells in table:
        aligned = [
            name.ljust(first),
            *(cell.rjust(width) for cell, width in zip(cells, others, strict=True)),
        ]
        print("  " + "   ".join(aligned).rstrip())
    sys.stdout.flush()


def print_notes(notes: Iterable[str]) -> None:
    print()
    for note in notes:
        print(f"  {note}", flush=True)


if __name__ == "__main__":
    main()
