"""The command `serve`: its arguments, and a server that runs until a signal."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import Any

from ..hosts import is_loopback
from ..settings import SETTINGS
from .server import SageMakerMetricsServer

USAGE = "python -m pytest_sm_metrics serve [--host HOST] [--port PORT] [--<setting> VALUE ...]"

DESCRIPTION = """\
Answer Amazon SageMaker Metrics over HTTP, from memory, for programs of any language.

The first line of the output is the URL. Use it as the endpoint URL of an AWS SDK:

  AWS_ENDPOINT_URL_SAGEMAKER_METRICS=http://127.0.0.1:8000

Any region, credentials and signature are accepted. SIGINT (Ctrl-C) or SIGTERM stops the
server, with exit status 0."""

EPILOG = """\
Tests read what was recorded, inject faults, check and reset over HTTP:

  curl http://127.0.0.1:8000/_sm_metrics/state
  curl -X POST http://127.0.0.1:8000/_sm_metrics/reset"""

_OF_THIS_PROCESS = ("fast_retries", "child_processes")
"""The settings about clients in the process of the mock: a server has none."""
_OPTIONS = {
    name: setting
    for name, setting in SETTINGS.items()
    if setting.ini_type and name not in _OF_THIS_PROCESS
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `serve`: host, port, and an option for each setting."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; 0.0.0.0 for all, as in a container (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="the port to listen on (default: 0, any free port)"
    )
    settings = parser.add_argument_group("settings")
    for name, setting in _OPTIONS.items():
        help_text = f"{setting.meaning} (default: {setting.default}; {setting.accepted_as_text})"
        settings.add_argument(_option(name), metavar="VALUE", help=help_text.replace("%", "%%"))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}; accepted is a whole number from 0 to 65535.")
    return int(text)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def opt_out_hint(name: str, value: str) -> str:
    """Return the option that gives a setting a value."""
    return f"{_option(name)} {value}"


def settings_of(given: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the options that are given; raise a ValueError for a wrong value."""
    settings: dict[str, Any] = {}
    for name, setting in _OPTIONS.items():
        text: str | None = getattr(given, name)
        if text is None:
            continue
        settings[name] = setting.value_of(text)
        if not setting.accepts(settings[name]):
            accepted = setting.accepted_as_text
            raise ValueError(f"{_option(name)} is {text!r}; accepted is {accepted}.")
    return settings


def serve(host: str, port: int) -> int:
    """Serve until SIGINT or SIGTERM. Return the exit status."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        server = SageMakerMetricsServer(host, port).acquire()
    except ModuleNotFoundError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(
            f"cannot listen on port {port} of {host}: {error.strerror or error}. "
            "Choose another --port; 0 is any free port."
        )
    print(server.url, flush=True)
    if not is_loopback(host) or host in ("0.0.0.0", "::"):
        print(
            f"listening on {host}: other machines can reach this server, and change its state",
            file=sys.stderr,
            flush=True,
        )
    stopped.wait()
    server.release()
    return 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1
