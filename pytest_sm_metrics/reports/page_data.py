"""The data of the HTML page: what a browser needs of each test, with names that are safe to show.

A page is bounded. It has a part of a long series, and the first of many calls, series, rejected
metrics and CloudTrail events; it says how many there are. The JSON report has all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ..service.rule import Rule
from ..service.rules import RULES
from ..settings import SETTINGS
from ..wording import encodable, printable, shortened
from .downsampling import downsample, is_finite
from .record import CallRecord, MockRecord, SeriesRecord
from .run import ResultRecord

POINTS = 2000
"""The number of points of a series that the page draws."""
SERIES = 200
CALLS = 2000
REJECTED = 1000
EVENTS = 50
_ITEMS = 10  # names of metrics in the row of a call
_LONGEST_FAILURE = 100_000  # characters

_RULES = {rule.id: rule for rule in RULES}


def test_data(test: ResultRecord) -> dict[str, Any]:
    """Return what the page shows of a test once it is opened."""
    mocks = list(enumerate(test["mocks"], 1))
    calls = [(number, call) for number, mock in mocks for call in mock["calls"]]
    series = [(number, one) for number, mock in mocks for one in mock["series"]]
    rejected = [(number, call, one) for number, call in calls for one in call["rejected"]]
    events = [event for _, mock in mocks for event in mock["events"]]
    began = calls[0][1]["timestamp"] if calls else ""
    return {
        "failure": _text(test["failure"]),
        "subtests": [
            [_line(one["description"]), one["outcome"], _text(one["failure"])]
            for one in test["subtests"]
        ],
        "mocks": len(mocks),
        "began": began,
        "series": [_series(number, one) for number, one in series[:SERIES]],
        "all_series": len(series) + sum(mock["series_left_out"] for _, mock in mocks),
        "calls": [_call(number, one, test, began) for number, one in calls[:CALLS]],
        "all_calls": len(calls) + sum(mock["calls_left_out"] for _, mock in mocks),
        "calls_before": sum(mock["calls_before"] for _, mock in mocks),
        "rejected": [
            _rejected(number, call, one, began) for number, call, one in rejected[:REJECTED]
        ],
        "all_rejected": len(rejected),
        "faults": [_fault(number, one) for number, mock in mocks for one in mock["faults"]],
        "trails": [_line(line) for _, mock in mocks for line in mock["trails"]],
        "events": [_data(event) for event in events[:EVENTS]],
        "all_events": len(events),
        "settings": [one for number, mock in mocks for one in _settings(number, mock)],
        "blocked": list(map(_line, test["blocked_calls"])),
    }


def runs_of(test: ResultRecord) -> list[str]:
    """Return the names of the trial components of a test, in order of appearance."""
    names = (name for mock in test["mocks"] for name in _runs_of(mock))
    return list(dict.fromkeys(map(_line, names)))


def metrics_of(test: ResultRecord) -> list[str]:
    """Return the names of the metrics that a test logged, in order of appearance."""
    names = (name for mock in test["mocks"] for name in _metrics_of(mock))
    return list(dict.fromkeys(map(_line, names)))


def _runs_of(mock: MockRecord) -> Iterator[str]:
    yield from (series["trial_component"] for series in mock["series"])
    yield from (call["call"]["trial_component"] or "" for call in mock["calls"])


def _metrics_of(mock: MockRecord) -> Iterator[str]:
    yield from (series["metric_name"] for series in mock["series"])
    yield from (one["metric"]["metric_name"] for call in mock["calls"] for one in call["rejected"])


def _series(mock: int, series: SeriesRecord) -> dict[str, Any]:
    values, steps, timestamps = series["values"], series["steps"], series["timestamps"]
    kept = downsample(values, POINTS)
    finite = [value for value in values if is_finite(value)]
    has_steps = any(step is not None for step in steps)
    return {
        "mock": mock,
        "run": _line(series["trial_component"]),
        "region": _line(series["region"]),
        "metric": _line(series["metric_name"]),
        "count": len(values),
        "min": min(finite, default=None),
        "max": max(finite, default=None),
        "not_finite": len(values) - len(finite),
        "without_step": steps.count(None),
        "values": [values[index] for index in kept],
        "steps": [steps[index] for index in kept] if has_steps else None,
        "times": [_milliseconds(timestamps[index]) for index in kept],
    }


def _call(mock: int, record: CallRecord, test: ResultRecord, began: str) -> dict[str, Any]:
    call = record["call"]
    return {
        "mock": mock,
        "id": call["request_id"],
        "at": _offset(record["timestamp"], began),
        "operation": _line(call["operation"]),
        "run": _line(call["trial_component"] or ""),
        "names": "" if record["names"] == "None" else _line(record["names"]),
        "region": _line(call["region"]),
        "items": _items(record),
        "attempt": call["attempt"],
        "kind": _kind(record),
        "ending": _line(record["ending"]),
        "faults": list(map(_line, record["faults"])),
        "unanswered": list(map(_line, record["unanswered"])),
        "from": _elsewhere(record, test),
    }


def _kind(record: CallRecord) -> str:
    """Return `ok`, `partial` (metrics were rejected), `failed` or `lost` (no answer)."""
    call = record["call"]
    if call["status_code"] is None:
        return "lost"
    if call["status_code"] >= 400 or call["error_code"]:
        return "failed"
    return "partial" if call["errors"] or record["unanswered"] else "ok"


def _items(record: CallRecord) -> str:
    if record["items"] is None:
        return f"malformed, {record['size']} bytes"
    found = Counter(record["items"])
    shown = [
        _line(shortened(name)) + (f" ({times})" if times > 1 else "")
        for name, times in list(found.items())[:_ITEMS]
    ]
    return ", ".join(shown) + (f" and {len(found) - _ITEMS} more" if len(found) > _ITEMS else "")


def _elsewhere(call: CallRecord, test: ResultRecord) -> str:
    """Return the process or the thread of a call, if it is not that of the test."""
    if call["process_id"] != test["process_id"]:
        return f"process {call['process_id']}"
    thread = call["thread_name"]
    return f"thread {_line(thread)}" if thread not in ("", test["thread_name"]) else ""


def _rejected(mock: int, call: CallRecord, rejected: dict[str, Any], began: str) -> dict[str, Any]:
    metric = rejected["metric"]
    rule: Rule | None = _RULES.get(rejected["rule"] or "")
    return {
        "mock": mock,
        "at": _offset(call["timestamp"], began),
        "run": _line(call["call"]["trial_component"] or ""),
        "metric": _line(metric["metric_name"]),
        "value": metric["value"],
        "step": metric["step"],
        "code": _line(rejected["code"]),
        "index": rejected["index"],
        "reason": _line(rejected["reason"]),
        "injected": rejected["injected"],
        "rule": _line(rejected["rule"] or ""),
        "provenance": rule.provenance if rule else "",
        "source": rule.source if rule else "",
    }


def _fault(mock: int, fault: Any) -> dict[str, Any]:
    description = _line(fault["description"])
    hits, matches = fault["hits"], fault["matches"]
    return {"mock": mock, "description": description, "hits": hits, "matches": matches}


def _settings(mock: int, record: MockRecord) -> Iterator[list[Any]]:
    for name, value in record["settings"].items():
        known = SETTINGS.get(name)
        default = repr(known.default) if known else ""
        yield [mock, _line(name), _line(value), _line(default)]


def _milliseconds(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)


def _offset(timestamp: str, began: str) -> float:
    """Return the milliseconds between two timestamps."""
    if not began:
        return 0.0
    elapsed = datetime.fromisoformat(timestamp) - datetime.fromisoformat(began)
    return round(elapsed.total_seconds() * 1000, 3)


def _line(text: str) -> str:
    """Return one line of text without characters that could steer the page."""
    return printable(text)


def _text(text: str) -> str:
    """Return a text of several lines without such characters; leave out the end of a long one."""
    if len(text) > _LONGEST_FAILURE:
        text = text[:_LONGEST_FAILURE] + "\n... the JSON report has the rest"
    return "\n".join(map(printable, text.expandtabs().splitlines()))


def _data(data: Any) -> Any:
    if isinstance(data, str):
        return encodable(printable(data))
    if isinstance(data, dict):
        return {_data(key): _data(value) for key, value in data.items()}
    return list(map(_data, data)) if isinstance(data, list) else data


def named(names: Iterable[str], known: dict[str, int]) -> Sequence[int]:
    """Return the numbers of names; a name that is not known gets the next one."""
    return [known.setdefault(name, len(known)) for name in names]
