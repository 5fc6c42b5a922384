"""Make the picture of the HTML report: `python docs/picture.py`.

It needs Chromium, and the packages playwright and pillow.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from pytest_sm_metrics import SageMakerMetricsMock, mock_sm_metrics
from pytest_sm_metrics.aws.active import active
from pytest_sm_metrics.reports.html import page
from pytest_sm_metrics.reports.record import record_test
from pytest_sm_metrics.reports.run import CountsRecord, ResultRecord, RunRecord
from pytest_sm_metrics.service.exchange import Request

PICTURE = Path(__file__).with_name("report.png")
NOON = 1_788_264_000  # 2026-09-01T12:00:00Z
SIZE = {"width": 1180, "height": 1140}
STEPS = 120

FAILURE = """\
    def test_no_step_is_lost(sm_metrics):
        sm_metrics.fail_calls("ThrottlingException", after=38, times=12)
        train(["resnet-50", "resnet-50-wide", "resnet-50-warmup"], steps=120)
>       sm_metrics.assert_logged("resnet-50-wide", "train:loss", count=120)
E       AssertionError: 'train:loss' of 'resnet-50-wide' has 108 metrics, not 120

tests/test_upload.py:41: AssertionError"""

NAMES = [
    ("test_upload.py::test_no_step_is_lost", "failed", 0.41),
    ("test_upload.py::test_a_batch_has_ten_metrics", "passed", 0.08),
    ("test_upload.py::test_every_epoch_is_logged[resnet-50]", "passed", 0.12),
    ("test_upload.py::test_every_epoch_is_logged[vit-small]", "passed", 0.13),
    ("test_retries.py::test_throttled_calls_are_repeated", "passed", 0.22),
    ("test_retries.py::test_a_lost_answer_is_no_error", "passed", 0.19),
]


def send(sm_metrics: SageMakerMetricsMock, run: str, step: int, at: float, **values: float) -> None:
    """Log values of one step of a run."""
    data = [
        {"MetricName": name.replace("_", ":"), "Timestamp": NOON + int(at), "Step": step}
        | {"Value": value}
        for name, value in values.items()
    ]
    body = json.dumps({"TrialComponentName": run, "MetricData": data}).encode()
    request = Request(
        "PUT", "/BatchPutMetrics", body, "eu-west-1", "picture", f"{run} {step}", 1, NOON + at
    )
    sm_metrics._service.answer(request)


def train(sm_metrics: SageMakerMetricsMock, steps: int) -> None:
    """Log the curves of three runs, which learn at different rates."""
    noise = random.Random(17)
    runs = {
        "resnet-50": (2.3, 26.0),
        "resnet-50-wide": (2.1, 19.0),
        "resnet-50-warmup": (2.3, 14.0),
    }
    for step in range(steps):
        for place, (run, (start, rate)) in enumerate(runs.items()):
            late = max(0, step - 12) if run.endswith("warmup") else step
            loss = start * math.exp(-late / rate) + 0.09 + 0.02 * place
            loss *= 1 + noise.gauss(0, 0.045)
            accuracy = 0.93 - 0.02 * place - 0.83 * math.exp(-late / rate) + noise.gauss(0, 0.009)
            send(
                sm_metrics,
                run,
                step,
                step * 0.5 + place * 0.11 + noise.random() * 0.1,
                train_loss=loss,
                eval_accuracy=accuracy,
            )


def results() -> Iterator[ResultRecord]:
    """Return the tests of the picture; the first one fails."""
    for number, (name, outcome, duration) in enumerate(NAMES):
        with mock_sm_metrics(unused_faults="ignore") as sm_metrics:
            if outcome == "failed":
                run = "resnet-50-wide"
                sm_metrics.fail_calls(
                    "ThrottlingException", trial_component=run, after=38, times=12
                )
            train(sm_metrics, STEPS if outcome == "failed" else 4 * number)
            record = record_test(f"tests/{name}", active.of_this_test(), [], None)
        yield {
            **record,
            "outcome": outcome,
            "duration": duration,
            "worker": f"gw{number % 2}",
            "failure": FAILURE if outcome == "failed" else "",
            "subtests": [],
            "counts": counts_of(record["mocks"]),
        }


def counts_of(mocks: Any) -> CountsRecord:
    """Return the numbers of calls and metrics of a test."""
    calls = [call for mock in mocks for call in mock["calls"]]
    series = [series for mock in mocks for series in mock["series"]]
    return {
        "calls": len(calls),
        "metrics": sum(len(one["values"]) for one in series),
        "rejected": sum(len(call["rejected"]) for call in calls),
        "unread": 0,
    }


def run() -> RunRecord:
    """Return the run of the picture."""
    tests = list(results())
    counts: Any = {
        of: sum(test["counts"][of] for test in tests)  # type: ignore[literal-required]
        for of in ("calls", "metrics", "rejected", "unread")
    }
    return {
        "format": 1,
        "version": "0.1.0",
        "versions": {"python": "3.13.1", "pytest": "8.4.2", "botocore": "1.40.4"},
        "started": "2026-09-01T12:00:00+00:00",
        "duration": 3.82,
        "exit_status": 1,
        "outcomes": {"failed": 1, "passed": len(tests) - 1},
        "tests_without_mock": 31,
        "counts": counts,
        "tests": tests,
    }


def main() -> None:
    """Render the page, and write the picture of its beginning in few colors."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder, "report.html")
        path.write_text(page(run()), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport=SIZE, color_scheme="light")
        tab.goto(path.as_uri())
        over = tab.locator(".u-over").first.bounding_box() or {}
        tab.mouse.move(over["x"] + over["width"] * 0.24, over["y"] + 60)
        tab.wait_for_timeout(300)
        tab.screenshot(path=PICTURE)
        browser.close()
    with Image.open(PICTURE) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
