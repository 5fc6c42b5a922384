"""Names and values come from outside: no text of ours steers a terminal or ends the run."""

from __future__ import annotations

import sys

import pytest

LOGS = r"""
import pytest
from botocore.exceptions import ClientError
from trainer import log

FORGED = "\x1b[2J\r\nPASSED \u202e\u2028 \x9b1m"

def test_metric_name(sm_metrics):
    log("run-1", "loss" + FORGED.replace("\n", ""), 0.5)
    log("run-1", "loss-\ud800", 0.5)
    assert sm_metrics["run-1"]["loss"]

def test_trial_component(sm_metrics):
    with pytest.raises(ClientError) as error:
        log("run-1" + FORGED, "loss", 0.5)
    with pytest.raises(ClientError):
        log("run-\ud800", "loss", 0.5)
    sm_metrics["run-1"]

def test_error_of_the_service(sm_metrics):
    log("run-1" + FORGED, "loss", 0.5)

def test_error_code(sm_metrics):
    sm_metrics.fail_calls("ThrottlingException", message="Message\ud800" + FORGED)
    with pytest.raises(ClientError):
        log("run-1", "loss", 0.5)
    sm_metrics.assert_logged("run-1", "loss")

def test_fault(sm_metrics):
    sm_metrics.fail_metrics("CONFLICT_ERROR", metric_name="loss\ud800" + FORGED)
    log("run-1", "loss", 0.5)

def test_assertion(sm_metrics):
    log("run-1", "loss", 0.5)
    sm_metrics.assert_logged("run-1\ud800" + FORGED, "loss")

@pytest.mark.sm_metrics(rejected_metrics="error")
def test_rejected(sm_metrics):
    log("run-1", "loss\ud800", float("nan"))

@pytest.mark.sm_metrics(mode="block")
def test_blocked():
    try:
        log("run-1\ud800" + FORGED, "loss", 0.5)
    except RuntimeError:
        pass
"""


def test_every_text_is_printable(run):
    result = run(LOGS, "-vv", "-W", "error")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 8, result.stdout.str()
    text = result.stdout.str()
    for forged in ("\x1b[2J", "\r", "\u202e", "\u2028", "\x9b", "\nPASSED \\u202e"):
        assert forged not in text.replace("\r\n", "\n")
    assert r"loss-\ud800" in text


def test_a_folder_whose_name_is_no_utf_8(project):
    if sys.platform == "darwin":
        pytest.skip("its file systems have no such names")
    folder = project.path / "\udcff"
    folder.mkdir()
    (folder / "test_it.py").write_text(
        "from trainer import log\ndef test_it(sm_metrics):\n    log('run-1', 'loss', 0.5)\n"
    )
    (folder / "test_fails.py").write_text(
        "from trainer import log\ndef test_it(sm_metrics):\n    sm_metrics.fail_calls("
        "'ThrottlingException', after=9, probability=0.5)\n    log('run-1', 'loss', 0.5)\n"
    )
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "--import-mode=importlib")
    result.assert_outcomes(passed=1, failed=1)


def test_a_repr_that_raises(run):
    result = run(
        """
        from trainer import log

        class Odd:
            def __call__(self, name): return False
            def __repr__(self): raise RuntimeError("no repr")

        def test_it(sm_metrics):
            sm_metrics.fail_metrics("CONFLICT_ERROR", metric_name=Odd())
            log("run-1", "loss", 0.5)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*a fault never fired: fail_metrics('CONFLICT_ERROR', metric_name=<Odd>)"]
    )


def test_a_clock_that_is_a_mock(run):
    result = run(
        """
        import time
        from unittest.mock import Mock
        from trainer import log

        def test_it(sm_metrics, monkeypatch):
            log("run-1", "loss", 0.5)
            monkeypatch.setattr(time, "time", Mock())
            log("run-1", "loss", 0.5)
            monkeypatch.undo()
            assert sm_metrics["run-1"]["loss"].values == []
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*BatchPutMetrics 'run-1' in us-east-1: loss -> 200"] * 2)


def test_long_names_are_shortened(run):
    result = run(
        """
        from trainer import log
        import pytest
        from botocore.exceptions import ClientError

        def test_it(sm_metrics):
            with pytest.raises(ClientError):
                log("R" * 10_000, "loss", 0.5)
            sm_metrics["run-1"]
        """
    )
    result.assert_outcomes(failed=1)
    assert "R" * 300 not in result.stdout.str()


def test_a_call_of_another_thread_says_so(run):
    result = run(
        """
        import threading
        from trainer import log

        def test_it(sm_metrics):
            log("run-1", "loss", 0.5)
            thread = threading.Thread(target=log, args=("run-2", "loss", 0.5), name="up\\x1bload")
            thread.start()
            thread.join()
            assert [call.thread_name for call in sm_metrics.calls] == []
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*BatchPutMetrics 'run-1' in us-east-1: loss -> 200",
            "*BatchPutMetrics 'run-2' in us-east-1 from thread 'up\\x1bload': loss -> 200",
        ]
    )


def test_a_wider_fixture_that_asks_for_the_mock_of_a_test(run):
    result = run(
        """
        import pytest

        @pytest.fixture(scope="session")
        def wide(sm_metrics): ...

        def test_it(wide): ...
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*sm_metrics_class, sm_metrics_module, sm_metrics_package or *"])


def test_a_marker_that_misspells_mode(run):
    result = run(
        """
        import pytest

        @pytest.mark.sm_metrics(mod="mock")
        def test_it(): ...
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*unknown setting 'mod'; did you mean 'mode'? *, seed, mode."])


def test_records_of_odd_names_are_json(project):
    project.makepyfile(
        """
        from trainer import log

        def test_it(sm_metrics):
            log("run-1", "loss-\\ud800", 0.5)
            from pytest_sm_metrics.aws.active import active
            from pytest_sm_metrics.reports.record import record_test
            import json
            record = record_test("\\udcff", [active.find(sm_metrics)], [], None)
            json.dumps(record, ensure_ascii=False).encode()
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)
