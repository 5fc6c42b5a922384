"""`python -m pytest_sm_metrics serve`, as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from pytest_sm_metrics.__main__ import main

from .conftest import COMMAND, put_over_http, send, serving


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_serves_until_a_signal(name):
    with serving("--metric-limit", "1", "--timestamp-window", "36500d,36500d") as process:
        assert process.url.startswith("http://127.0.0.1:")
        assert put_over_http(process.url, 0.9, 0.5).json == {
            "Errors": [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 1}]
        }
        state = send(process.url, "GET", "/_sm_metrics/state").json
        assert state["trial_components"][0]["name"] == "run-1"
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=20) == 0
        assert process.stdout.read() == process.stderr.read() == ""


def test_an_unused_fault_does_not_change_the_exit_status():
    with serving() as process:
        fault = {"kind": "fail_calls", "error": "ThrottlingException"}
        assert send(process.url, "POST", "/_sm_metrics/faults", fault).status == 201
        [finding] = send(process.url, "POST", "/_sm_metrics/check").json["findings"]
        assert "--unused-faults ignore for all" in finding
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_a_host_that_others_reach():
    with serving("--host", "0.0.0.0") as process:
        assert process.url.startswith("http://127.0.0.1:")
        answer = put_over_http(process.url, 0.5, Host="metrics:8000")
        assert answer.status == 200
        process.terminate()
        assert "other machines can reach this server" in process.stderr.read()


def test_a_port_that_is_taken_is_named(capfd):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert subprocess.run([*COMMAND, "--port", port], timeout=60).returncode == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert f"error: cannot listen on port {port} of 127.0.0.1: " in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--metric-limit", "many"],
            "--metric-limit is 'many'; accepted is a whole number from 0.",
        ),
        (["--fast-retries", "no"], "unrecognized arguments: --fast-retries no"),
        (["--child-processes", "answer"], "unrecognized arguments: --child-processes answer"),
        (["--timestamp-window", "1y,1d"], "--timestamp-window is '1y,1d'; accepted is "),
        (["--port", "65536"], "'65536'; accepted is a whole number from 0 to 65535."),
        (["--metric-limt", "1"], "unrecognized arguments: --metric-limt 1"),
        (["--faults", "1"], "unrecognized arguments: --faults 1"),
    ],
)
def test_wrong_arguments(capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_help_names_every_setting(capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    help_text = capsys.readouterr().out
    assert "--unknown-trial-component VALUE" in help_text
    assert "AWS_ENDPOINT_URL_SAGEMAKER_METRICS" in help_text


def test_without_aiohttp_the_extra_is_named():
    script = "import sys; sys.modules['aiohttp'] = None; "
    script += "from pytest_sm_metrics.__main__ import main; sys.exit(main(['serve']))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: the server of SageMaker Metrics needs aiohttp" in done.stderr
