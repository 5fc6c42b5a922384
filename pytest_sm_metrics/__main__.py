"""The command line: `python -m pytest_sm_metrics`, with `serve` and `conformance`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

from .activation.activation import activate, deactivate
from .conformance import cli as conformance_cli
from .server import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pytest_sm_metrics",
        description="Amazon SageMaker Metrics, in memory.",
        epilog="Help of a command: python -m pytest_sm_metrics serve --help",
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, dest="command"
    )
    serve = commands.add_parser(
        "serve",
        help="answer SageMaker Metrics over HTTP until SIGINT or SIGTERM",
        usage=cli.USAGE,
        allow_abbrev=False,
        description=cli.DESCRIPTION,
        epilog=cli.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cli.add_arguments(serve)
    serve.set_defaults(run=partial(_serve, serve))
    conformance = commands.add_parser(
        "conformance",
        help="check whether a service keeps the rules of SageMaker Metrics",
        allow_abbrev=False,
        description=conformance_cli.DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    conformance_cli.add_arguments(conformance)
    conformance.set_defaults(run=partial(conformance_cli.run, conformance))
    given, unknown = parser.parse_known_args(arguments)
    if unknown and given.command == "serve":
        serve.error(cli.unknown_arguments(unknown))
    if unknown:
        conformance.error(f"unrecognized arguments: {' '.join(unknown)}")
    status: int = given.run(given)
    return status


def _serve(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    try:
        settings = cli.settings_of(given)
    except ValueError as error:
        parser.error(str(error))
    record = activate(settings, "serve", cli.opt_out_hint)
    try:
        return cli.serve(given.host, given.port)
    finally:
        deactivate(record)


if __name__ == "__main__":
    raise SystemExit(main())
