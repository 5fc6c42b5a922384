"""`python -m pytest_sm_metrics serve`, as a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from pytest_sm_metrics.__main__ import main

from .conftest import (
    COMMAND,
    put_document,
    put_over_http,
    raw_connection,
    send,
    serving,
)


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


def test_an_address_of_another_machine_is_named(capsys):
    assert main(["serve", "--host", "192.0.2.1"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: cannot listen on 192.0.2.1: ")
    assert err.endswith(". Choose another --host.\n")


def test_an_unknown_host_is_named(capsys, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert main(["serve", "--host", "nowhere"]) == 1
    message = "error: cannot listen on nowhere: Name or service not known. Choose another --host.\n"
    assert capsys.readouterr() == ("", message)


def test_an_output_that_is_closed():
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(COMMAND, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, "error: cannot print the URL: Broken pipe\n")


def test_many_signals():
    with serving() as process:
        for _ in range(50):
            process.send_signal(signal.SIGINT)
            process.terminate()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("fault", ["delay_calls", "hold_calls"])
def test_a_signal_during_a_request(fault):
    with serving() as process, raw_connection(process.url) as connection:
        document = {"kind": fault, "seconds": 60} if fault == "delay_calls" else {"kind": fault}
        send(process.url, "POST", "/_sm_metrics/faults", document)
        body = json.dumps(put_document(0.5)).encode()
        head = f"PUT /BatchPutMetrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        wait_until_it_matches(process.url)
        process.terminate()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""


def test_a_hold_that_times_out_is_one_line():
    with serving() as process:
        document = {"kind": "hold_calls", "timeout": 0.05}
        send(process.url, "POST", "/_sm_metrics/faults", document)
        answer = put_over_http(process.url, 0.5)
        assert answer.status == 500
        process.terminate()
        error = process.stderr.read()
    assert error.startswith("a call was held for 0.05 seconds by hold_calls(timeout=0.05): ")
    assert error.count("\n") == 1
    assert answer.json == {"message": f"RuntimeError: {error.rstrip()}"}


def wait_until_it_matches(url):
    while True:
        [fault] = send(url, "GET", "/_sm_metrics/faults").json["faults"]
        if fault["matches"]:
            return


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--metric-limit", "many"],
            "--metric-limit is 'many'; accepted is a whole number from 0.",
        ),
        (
            ["--timestamp-window", "14"],
            "--timestamp-window is '14'; accepted is two durations, past and future, as 14d,2h "
            "(d, h, m or s).",
        ),
        (["--port", "65536"], "'65536'; accepted is a whole number from 0 to 65535."),
        (["--host", ""], "argument --host: ''; accepted is an address or a host name."),
        (
            ["--metric-limt", "1"],
            "serve: error: unrecognized arguments: --metric-limt 1; did you mean '--metric-limit'?",
        ),
        (["--faults", "1"], "unrecognized arguments: --faults 1; did you mean "),
        (["--child-processes", "answer"], "unrecognized arguments: --child-processes answer."),
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
    assert "timedelta" not in help_text
    assert "ini" not in help_text.split()


def test_without_aiohttp_the_extra_is_named():
    script = "import sys; sys.modules['aiohttp'] = None; "
    script += "from pytest_sm_metrics.__main__ import main; sys.exit(main(['serve']))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: the server of SageMaker Metrics needs aiohttp" in done.stderr
