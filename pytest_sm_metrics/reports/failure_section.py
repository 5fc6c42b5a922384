"""The section of a failing test: its SageMaker Metrics calls, its series and its faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ..aws.active import active
from ..sparkline import sparkline, terminal_ramp
from ..wording import abridged, counted, printable, printable_lines, short_number, shortened
from .record import CallRecord, MockRecord, SeriesRecord, TestRecord, record_test

_SHOWN = 10  # calls, metrics of a call, faults, trails, blocked calls; the others with -vv
_EXPLAINED = 3  # rejected metrics and unanswered queries of a call
_MOCKS = 3
_COLUMNS = 80
_SHAPE = 12  # characters of the shape of a series
_NAMES = 8  # characters that a long name keeps at least


def sections(test: str, blocked: Sequence[str], whole: bool) -> list[tuple[str, str]]:
    """Return the section of a test as title and text; an empty list if its mocks saw nothing."""
    record = record_test(test, active.of_this_test(), blocked, None if whole else _SHOWN)
    text = printable_lines("\n".join(_lines(record, whole)))
    return [("SageMaker Metrics calls", text)] if text else []


def _lines(record: TestRecord, whole: bool) -> Iterator[str]:
    mocks = record["mocks"]
    shown = mocks if whole else mocks[-_MOCKS:]
    first = len(mocks) - len(shown) + 1
    if first > 1:
        yield f"{counted(first - 1, 'earlier mock')}; -vv shows them"
    for number, mock in enumerate(shown, first):
        if len(mocks) > 1:
            yield f"mock {number} of {len(mocks)}:"
        yield from _mock(mock, record, whole)
    blocked = record["blocked_calls"]
    yield from (f"blocked, outside a mock: {call}" for call in _first(blocked, whole))
    yield from _left_out(blocked, whole, "blocked call")


def _mock(mock: MockRecord, test: TestRecord, whole: bool) -> Iterator[str]:
    if mock["calls_before"]:
        yield f"{counted(mock['calls_before'], 'call')} before this test"
    if mock["calls_left_out"]:
        yield f"{counted(mock['calls_left_out'], 'earlier call')}; -vv shows them"
    for call in mock["calls"]:
        yield from _call(call, _elsewhere(call, test), whole)
    yield from _series(mock, whole)
    yield from _first(mock["trails"], whole)
    most_hits_first = sorted(mock["faults"], key=lambda fault: -fault["hits"])
    shown = mock["faults"] if whole else most_hits_first[:_SHOWN]
    for fault in shown:
        hits, matches = counted(fault["hits"], "hit"), counted(fault["matches"], "match")
        yield f"{fault['description']}: {hits}, {matches}"
    yield from _left_out(mock["faults"], whole, "more fault")


def _call(record: CallRecord, elsewhere: str, whole: bool) -> Iterator[str]:
    call = record["call"]
    attempt = f" (attempt {call['attempt']})" if call["attempt"] > 1 else ""
    time = datetime.fromisoformat(record["timestamp"]).time().isoformat("milliseconds")
    what = f"{call['operation']} {record['names']} in {call['region']}{attempt}{elsewhere}"
    yield f"{time} {what}: {_items(record, whole)} -> {printable(record['ending'])}"
    yield from (f"    {fault}" for fault in record["faults"])
    details = [*map(_rejected, _by_rules(record)), *record["unanswered"]]
    for detail in details if whole else details[:_EXPLAINED]:
        yield "    " + detail.replace("\n", "\n    ")
    if not whole and len(details) > _EXPLAINED:
        yield f"    and {len(details) - _EXPLAINED} more; -vv shows them"


def _series(mock: MockRecord, whole: bool) -> Iterator[str]:
    """Describe each series that was logged, in columns: names, number of values, and shape."""
    rows = list(map(_cells, mock["series"]))
    if len({one["region"] for one in mock["series"]}) > 1:
        for row, one in zip(rows, mock["series"], strict=True):
            row[1] = f" in {one['region']}"
    if not whole:
        _abridge_names(rows)
    widths = _widths(rows)
    for place, region, name, count, first, shape, last in rows:
        names = f"{place + region:<{widths[0] + widths[1]}} {name:<{widths[2]}}"
        numbers = f"{count:>{widths[3]}}  {first:>{widths[4]}} {shape:<{widths[5]}} {last}"
        yield f"logged {names}  {numbers}".rstrip()
    if mock["series_left_out"]:
        yield f"logged {mock['series_left_out']} more series; -vv shows them"


def _cells(series: SeriesRecord) -> list[str]:
    values = series["values"]
    names = [printable(series["trial_component"]), "", printable(series["metric_name"])]
    cells = [*names, counted(len(values), "value"), short_number(values[0])]
    if len(values) == 1:
        return [*cells, "", ""]
    return [*cells, sparkline(values, _SHAPE, ramp=terminal_ramp()), short_number(values[-1])]


def _widths(rows: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _abridge_names(rows: list[list[str]]) -> None:
    """Abridge trial components and metric names so that all columns fit on a line."""
    if not rows:
        return
    place, region, name, *numbers = _widths(rows)
    spaces = 7  # between the columns
    room = _COLUMNS - len("logged ") - region - sum(numbers) - spaces
    most = max(_NAMES, room - min(place, room // 2))
    for row in rows:
        row[2] = abridged(row[2], most)
    most = max(_NAMES, room - min(name, most))
    for row in rows:
        row[0] = abridged(row[0], most)


def _elsewhere(call: CallRecord, test: TestRecord) -> str:
    """Return the process and the thread of a call, if they are not those of the test."""
    if call["process_id"] != test["process_id"]:
        return f" from process {call['process_id']}"
    thread = call["thread_name"]
    return f" from thread {thread!r}" if thread not in ("", test["thread_name"]) else ""


def _items(record: CallRecord, whole: bool) -> str:
    if record["items"] is None:
        return f"malformed, {record['size']} bytes"
    if whole and record["described"] is not None:
        return ", ".join(map(printable, record["described"]))
    found = Counter(record["items"])
    first = list(found.items())[:_SHOWN]
    shown = [(printable(shortened(name)), times) for name, times in first]
    names = [name if times == 1 else f"{name} ({times})" for name, times in shown]
    return ", ".join(names) + (", ..." if len(found) > _SHOWN else "")


def _by_rules(record: CallRecord) -> list[dict[str, object]]:
    """Return the metrics that a rule rejected. Faults have lines by themselves."""
    return [one for one in record["rejected"] if not one["injected"]]


def _rejected(rejected: dict[str, object]) -> str:
    metric: Any = rejected["metric"]
    name = f"'{printable(metric['metric_name'])}'"
    return f"{rejected['code']} for {name} (MetricIndex {rejected['index']}): {rejected['reason']}"


def _first(lines: Sequence[str], whole: bool) -> Sequence[str]:
    return lines if whole else lines[:_SHOWN]


def _left_out(lines: Sequence[object], whole: bool, noun: str) -> Iterator[str]:
    if not whole and len(lines) > _SHOWN:
        yield f"{counted(len(lines) - _SHOWN, noun)}; -vv shows them"
