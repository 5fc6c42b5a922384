"""Run all benchmarks in rounds, and print tables of what they cost and of the targets.

`python benchmarks/run.py` takes about half an hour, `--rounds 1` six minutes. `--save` writes the
tables to docs/benchmarks.md.

The scripts are benchmarks of pyperf, and run by themselves, too: `python benchmarks/calls.py
--help` lists its options. One round runs each benchmark in one more process, so that what is
compared is measured within a few seconds, also on a machine whose speed changes.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyperf

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
SCRIPTS = (
    "calls",
    "activations",
    "starts",
    "suites",
    "queries",
    "deliveries",
    "sweeps",
    "servers",
    "stores",
)
PACKAGES = ("pytest", "botocore", "aiohttp", "moto", "pyperf")

Measured = Mapping[str, pyperf.Benchmark]
"""The benchmarks by name."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--save", action="store_true", help="write the tables to the docs")
    options = parser.parse_args()
    measured = _measure(options.rounds)
    page = "\n".join(_page(measured, options.rounds))
    print(page)
    if options.save:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{page}\n{END}{after}", encoding="utf-8")


def _measure(rounds: int) -> Measured:
    with TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for script in SCRIPTS:
                _run(script, results)
        suite = pyperf.BenchmarkSuite.load(str(results))
        return {benchmark.get_name(): benchmark for benchmark in suite}


def _run(script: str, results: Path) -> None:
    """Add the measurements of one more process for each benchmark of a script."""
    options = ["--processes", "1", "--quiet", "--append", str(results)]
    command = [sys.executable, str(HERE / f"{script}.py"), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


# Targets


class Target(NamedTuple):
    """A limit of a measurement, or of its comparison with another."""

    name: str
    limit: float
    unit: str = ""
    of: str = ""
    """The benchmark with which it is compared."""
    compare: Callable[[float, float], float] = lambda one, other: one / other
    is_least: bool = False


def _difference_in_ms(one: float, other: float) -> float:
    return (one - other) * 1e3


def _microseconds(value: float, _: float) -> float:
    return value * 1e6


def _milliseconds(value: float, _: float) -> float:
    return value * 1e3


def _itself(value: float, _: float) -> float:
    return value


MOCK = "call: this mock"
THOUSAND = "suite: 1,000 tests, {}"
QUERY = "query: 1 x Last of 1,000 points"
MANY = "query: 1 x Last of 1,000,000 points"

TARGETS = (
    Target(MOCK, 0.85, of="call: signed floor"),
    Target("call: this mock, 100 faults that do not match", 1.2, of=MOCK),
    Target("call: this mock, a trail that is not read", 1.05, of=MOCK),
    Target("call: moto", 2, of="call: this mock, moto imported", is_least=True),
    Target("activation", 1_000, "us", compare=_microseconds),
    Target("start: import of the plugin", 2, "ms", compare=_milliseconds),
    Target("start: first server, boto3 imported", 100, "ms", compare=_milliseconds),
    Target(
        "suite: one empty test, with the plugin",
        5,
        "ms more",
        of="suite: one empty test, without the plugin",
        compare=_difference_in_ms,
    ),
    Target(
        THOUSAND.format("this mock answers"),
        1_000,
        "ms more",
        of=THOUSAND.format("a handler answers, no plugin"),
        compare=_difference_in_ms,
    ),
    Target(f"{QUERY}, 1,000,000 elsewhere", 1.2, of=QUERY),
    Target("query: 100 x Last of 1,000 points", 100, of=QUERY),
    Target(MANY, 1_500, of=QUERY),
    Target("query: 10 x Last of 1,000,000 points", 11, of=MANY),
    Target("sweep: all failures at each of 20 calls", 2, "s", compare=_itself),
    Target("request: moto's server", 12, of="request: this server", is_least=True),
    Target(
        "request: this server, 99th percentile", 0.1, of="request: moto's server, 99th percentile"
    ),
    Target(
        "store: a call, 1,000,000 metrics stored", 1.2, of="store: a call, 1,000 metrics stored"
    ),
    Target("store: a metric, 10 to a call", 200, "bytes", compare=_itself),
)


def _compared(target: Target, measured: Measured) -> tuple[float, float]:
    """Return the median of a target's measurement, compared in each round, and its spread."""
    own = _rounds(measured[target.name])
    other = _rounds(measured[target.of]) if target.of else own
    return _middle([target.compare(*pair) for pair in zip(own, other, strict=True)])


def _rounds(benchmark: pyperf.Benchmark) -> list[float]:
    """Return the mean of each process; those that only find the number of loops have none."""
    return [mean(run.values) for run in benchmark.get_runs() if run.values]


def _middle(numbers: Sequence[float]) -> tuple[float, float]:
    """Return the median, and half of the interquartile range."""
    if len(numbers) == 1:
        return numbers[0], 0.0
    lower, _, upper = quantiles(numbers, method="inclusive")
    return median(numbers), (upper - lower) / 2


# Tables


def _page(measured: Measured, rounds: int) -> Iterator[str]:
    yield from textwrap.wrap(_machine(measured, rounds), 100)
    yield ""
    yield from _table(("target", "limit", "measured", "verdict"), _target_rows(measured))
    yield ""
    yield from _table(("benchmark", "median", "spread"), _benchmark_rows(measured))


def _machine(measured: Measured, rounds: int) -> str:
    metadata = measured[MOCK].get_metadata()
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    processor = metadata.get("cpu_model_name", platform.machine())
    return (
        f"{processor}, {metadata['cpu_count']} CPUs, {platform.system()}. "
        f"CPython {platform.python_version()}, {versions}. {rounds} rounds."
    )


def _target_rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    for target in TARGETS:
        value, spread = _compared(target, measured)
        is_met = value >= target.limit if target.is_least else value <= target.limit
        unit = f" {target.unit}" if target.unit else ""
        compared = f" / {target.of}" if target.of and not target.unit else ""
        compared = f" - {target.of}" if target.of and target.unit else compared
        sign = "at least" if target.is_least else "at most"
        limit = f"{sign} {target.limit:,g}{unit}"
        shown = f"{_rounded(value)} ± {_rounded(spread)}"
        yield f"{target.name}{compared}", limit, shown, "met" if is_met else "missed"


def _benchmark_rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    for name, benchmark in measured.items():
        value, spread = _middle(_rounds(benchmark))
        texts = benchmark.format_values((value, spread))
        yield name, texts[0], f"± {texts[1]}"


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
