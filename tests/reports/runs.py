"""Records of runs, for the tests of reports."""

from __future__ import annotations

from pytest_sm_metrics.reports.run import FORMAT


def series(name="loss", values=(0.9, 0.5, 0.3), run="run-1", region="us-east-1"):
    return {
        "trial_component": run,
        "region": region,
        "metric_name": name,
        "values": list(values),
        "steps": list(range(len(values))),
        "timestamps": ["2026-09-01T12:00:00+00:00"] * len(values),
    }


def rejected(name="loss", reason="Value is nan, which is not finite", step=1, injected=False):
    metric = {"metric_name": name, "value": "NaN", "step": step, "timestamp": "..."}
    reasons = {"code": "VALIDATION_ERROR", "reason": reason, "injected": injected}
    return {"metric": metric, "index": 0, "rule": "value", "request_id": "id", **reasons}


def result(name="test_train.py::test_it", outcome="passed", failure="", rejections=(), **more):
    """Return the record of a test; `logged` has its series, `unread` and others its counts."""
    logged = more.pop("logged", [series()])
    metrics = sum(len(one["values"]) for one in logged)
    counts = {"calls": 1, "metrics": metrics, "rejected": len(rejections), "unread": 0}
    call = {"rejected": list(rejections)}
    return {
        "test": name,
        "outcome": outcome,
        "failure": failure,
        "duration": 0.1,
        "subtests": more.pop("subtests", []),
        "counts": {name: more.pop(name, number) for name, number in counts.items()},
        "mocks": [{"calls": [call], "series": logged}],
        "blocked_calls": [],
        **more,
    }


def run(*tests, **more):
    """Return the record of a run with these tests."""
    outcomes: dict[str, int] = {}
    for one in tests:
        outcomes[one["outcome"]] = outcomes.get(one["outcome"], 0) + 1
    names = ("calls", "metrics", "rejected", "unread")
    return {
        "format": FORMAT,
        "version": "0.1.0",
        "versions": {"python": "3.12.1", "pytest": "9.0.1", "botocore": "1.40.0"},
        "started": "2026-09-01T12:00:00+00:00",
        "duration": 12.34,
        "exit_status": 0,
        "outcomes": outcomes,
        "tests_without_mock": 0,
        "counts": {name: sum(one["counts"][name] for one in tests) for name in names},
        "tests": list(tests),
        **more,
    }
