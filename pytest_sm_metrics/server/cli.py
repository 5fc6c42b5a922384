"""The command `serve`: its arguments, and a server that runs until a signal."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

from ..hosts import is_loopback
from ..settings import SETTINGS
from ..wording import did_you_mean
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
  curl -X POST http://127.0.0.1:8000/_sm_metrics/reset

A browser shows curves and calls, live, with the extra "report" installed:

  http://127.0.0.1:8000/_sm_metrics/"""

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_OF_OTHER_PROCESSES = {"child_processes", "fast_retries"}  # they change clients in a process
_OPTIONS = {
    name: setting
    for name, setting in SETTINGS.items()
    if setting.ini_type and name not in _OF_OTHER_PROCESSES
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `serve`: host, port, and an option for each setting."""
    parser.add_argument(
        "--host",
        type=_host,
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


def _host(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("''; accepted is an address or a host name.")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}; accepted is a whole number from 0 to 65535.")
    return int(text)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def opt_out_hint(name: str, value: str) -> str:
    """Return the option that gives a setting a value."""
    return f"{_option(name)} {value}"


def unknown_arguments(arguments: Sequence[str]) -> str:
    """Return the message for arguments that `serve` does not have."""
    known = ["--host", "--port", *map(_option, _OPTIONS)]
    hint = did_you_mean(arguments[0].partition("=")[0], known)
    return f"unrecognized arguments: {' '.join(arguments)}{hint}"


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
    try:
        server = SageMakerMetricsServer(host, port).acquire()
    except ModuleNotFoundError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(_cannot_listen(host, port, error))
    signals = _stopping_signals()
    try:
        print(server.url, flush=True)
    except OSError as error:
        sys.stdout = None  # so that Python does not try to write it once more at the end
        signals.close()
        server.release()
        return _fail(f"cannot print the URL: {error.strerror}")
    if not is_loopback(host) or host in ("0.0.0.0", "::"):
        print(
            f"listening on {host}: other machines can reach this server, and change its state",
            file=sys.stderr,
            flush=True,
        )
    signals.recv(1)
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)  # another one does not interrupt the stop
    signals.close()
    server.release()
    return 0


def _stopping_signals() -> socket.socket:
    """Return a socket that receives a byte at each signal, whichever thread the signal reaches.

    A lock would not do: it only ends its wait for a signal that reaches the main thread.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.detach(), warn_on_full_buffer=False)
    for number in _STOPPING:
        signal.signal(number, lambda *_: None)
    return receiver


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"cannot listen on {host}: {error.strerror}. Choose another --host."
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.EADDRNOTAVAIL:
        return f"cannot listen on {host}: {reason}. Choose another --host."
    hint = "Choose another --port; 0 is any free port."
    return f"cannot listen on port {port} of {host}: {reason}. {hint}"


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1
