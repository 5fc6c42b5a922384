"""The command `conformance`: its arguments, and what it prints."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ..activation.activation import activate, deactivate
from ..aws.raw_calls import RawCalls
from ..service.arns import trial_component_arn
from ..service.case import Case
from ..service.cases import CASES
from ..settings import SETTINGS
from ..wording import did_you_mean
from .checking import NAME, Result, Service, check

DESCRIPTION = """\
Check whether a service keeps the rules of SageMaker Metrics. Each rule is a case with real
requests. Without options it checks the mock itself.

  python -m pytest_sm_metrics conformance
  python -m pytest_sm_metrics conformance --endpoint-url http://127.0.0.1:5000
  python -m pytest_sm_metrics conformance --aws --profile NAME --region us-east-1

The verdicts: same; differs, for a documented or observed rule (exit status 1); news, for a rule
that was assumed; skipped, with the reason."""

_DEFAULT_REGION = "us-east-1"
_PATIENCE = 30  # seconds
_WIDEST = 48  # characters of a column

_NOTICE = """\
This check uses AWS, in {region}, with {credentials}.
It creates up to {runs} trial components named {name}-*, puts at most {requests} small
requests, and deletes the trial components at the end, also if it is interrupted. It starts no
instance and no job. What the requests cost: https://aws.amazon.com/sagemaker/pricing/"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `conformance`."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--endpoint-url", metavar="URL", help="check the service at this URL")
    where.add_argument(
        "--aws", action="store_true", help="check AWS itself; trial components are created"
    )
    parser.add_argument("--profile", metavar="NAME", help="the AWS profile, with --aws")
    parser.add_argument(
        "--region", metavar="REGION", help=f"the AWS region (default: {_DEFAULT_REGION})"
    )
    parser.add_argument(
        "--rule",
        metavar="ID",
        action="append",
        type=_case,
        dest="cases",
        help="check only this rule; may be given several times",
    )
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="write the results to a file, too"
    )


def _case(rule: str) -> Case:
    for case in CASES:
        if case.rule == rule:
            return case
    near = did_you_mean(rule, [case.rule for case in CASES])
    raise argparse.ArgumentTypeError(f"no rule has the id {rule!r}{near} RULES has them all")


def run(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    """Check a service, print the results, and return the exit status."""
    _refuse_wrong(parser, given)
    cases: Sequence[Case] = given.cases or CASES
    region: str = given.region or _DEFAULT_REGION
    with _ended_by_signals(), _service(given, region, cases) as service:
        results = list(_printed(check(service, cases)))
    if given.json:
        written = {"endpoint": _endpoint(given), "region": region, "results": results}
        given.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    counts = Counter(result["verdict"] for result in results)
    print(", ".join(f"{number} {verdict}" for verdict, number in counts.items()))
    return 1 if counts["differs"] else 0


def _refuse_wrong(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    if given.profile and not given.aws:
        parser.error("--profile has an effect with --aws only")
    url: str | None = given.endpoint_url
    if url is not None and not url.startswith(("http://", "https://")):
        parser.error(f"--endpoint-url is {url!r}; accepted is a URL, as http://127.0.0.1:5000")
    if given.json and (given.json.is_dir() or not given.json.parent.is_dir()):
        parser.error(f"--json is {str(given.json)!r}; accepted is a file in an existing folder")


def _endpoint(given: argparse.Namespace) -> str:
    return "AWS" if given.aws else given.endpoint_url or "mock"


@contextmanager
def _ended_by_signals() -> Generator[None]:
    """Let SIGTERM interrupt the check as Ctrl-C does, so that it cleans up."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _service(
    given: argparse.Namespace, region: str, cases: Sequence[Case]
) -> AbstractContextManager[Service]:
    if given.aws:
        return _aws(given.profile, region, cases)
    return _behind(given.endpoint_url, region) if given.endpoint_url else _mock(region)


@contextmanager
def _mock(region: str) -> Generator[Service]:
    """Return the mock: each case has one that starts empty."""

    @contextmanager
    def with_settings(settings: Mapping[str, Any]) -> Generator[None]:
        record = activate(settings, "conformance", lambda name, value: f"{name}={value!r}")
        try:
            yield
        finally:
            deactivate(record)

    with with_settings({}):
        calls = RawCalls(None, None, region, aws=False)
    yield Service(calls, partial(_usual_arn, region), with_settings)


@contextmanager
def _behind(url: str, region: str) -> Generator[Service]:
    """Return the service behind an endpoint. If it has a control plane, runs are created first."""
    calls = RawCalls(url, None, region, aws=False)
    try:
        calls.create_trial_component(f"{NAME}-probe")
    except Exception:  # there is none, as in the server of this package
        yield Service(calls, partial(_usual_arn, region))
        return
    calls.delete_trial_component(f"{NAME}-probe")
    with _deleted_at_the_end(calls) as create:
        yield Service(calls, create)


def _usual_arn(region: str, run: str) -> str:
    return trial_component_arn(region, SETTINGS["account_id"].default, run)


@contextmanager
def _aws(profile: str | None, region: str, cases: Sequence[Case]) -> Generator[Service]:
    """Return AWS itself."""
    runs = sum(case.exchanges is not None and not case.settings for case in cases)
    credentials = f"the profile {profile!r}" if profile else "the default credentials"
    facts = {"region": region, "credentials": credentials, "runs": runs, "requests": 2 * runs}
    print(_NOTICE.format(name=NAME, **facts), flush=True)
    calls = RawCalls(None, profile, region, aws=True)
    with _deleted_at_the_end(calls) as create:
        yield Service(calls, create, patience=_PATIENCE)


@contextmanager
def _deleted_at_the_end(calls: RawCalls) -> Generator[Callable[[str], str]]:
    """Return a function that creates trial components, which are deleted at the end.

    Those that could not be deleted are named.
    """
    created: list[str] = []

    def create(name: str) -> str:
        created.append(name)  # first: an interruption may come between
        return calls.create_trial_component(name)

    try:
        yield create
    finally:
        for name in created:
            try:
                calls.delete_trial_component(name)
            except Exception as error:
                print(f"could not delete the trial component {name}: {error}", file=sys.stderr)


def _printed(results: Iterator[Result]) -> Iterator[Result]:
    """Print a line for each result."""
    print(_row("rule", "provenance", "verdict", "expected", "got"))
    for result in results:
        names = ("rule", "provenance", "verdict", "expected", "got")
        print(_row(*(str(result.get(name)) for name in names)), flush=True)
        yield result


def _row(rule: str, provenance: str, verdict: str, expected: str, got: str) -> str:
    cut = expected if len(expected) <= _WIDEST else f"{expected[: _WIDEST - 3]}..."
    seen = "" if verdict == "same" else got
    return f"{rule:32} {provenance:11} {verdict:8} {cut:{_WIDEST}} {seen}".rstrip()
