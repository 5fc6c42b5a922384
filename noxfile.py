"""The tests with other Pythons and other versions, and what is checked without running them.

`nox`, or `nox -s lint`.
"""

import nox

nox.options.default_venv_backend = "uv|virtualenv"

# Without the tests that start many processes; other sessions run them.
LEAN = "not xdist and not pytest_plugins and not companions"


@nox.session(python=["3.10", "3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """The whole suite with the newest versions of everything."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(python=["3.10", "3.13"])
def oldest(session: nox.Session) -> None:
    """The oldest pytest and botocore that are supported.

    It leaves out the tests that need later ones: aiobotocore, moto, the service model with which
    the rules are compared, and the examples and blocks that log a NaN, which the oldest botocore
    sends as a token that is no JSON; and the second run of plugin tests under xdist.
    """
    oldest = [
        "pytest==8.4.0",
        "botocore==1.29.28",
        "boto3==1.26.28",
        "freezegun==1.5.0",
        "time-machine==2.16.0",
    ]
    session.install("-e", ".", *oldest, "hypothesis", "pytest-xdist")
    later = ["compat/test_moto.py", "compat/test_moto_trails.py", "compat/test_aiobotocore.py"]
    later += [
        "compat/test_readers.py",
        "cloudtrail/test_trail.py",
        "service/test_rules.py",
        "test_documentation.py",
    ]
    # botocore's own warning, when it signs under Python 3.12 and later
    utcnow = "ignore:datetime.datetime.utcnow:DeprecationWarning"
    session.run(
        "pytest",
        "tests",
        "-n",
        "2",
        "-W",
        utcnow,
        "-k",
        "not under",
        *[f"--ignore=tests/{path}" for path in later],
        *session.posargs,
    )


@nox.session(python="3.11")
def compat(session: nox.Session) -> None:
    """Beside the libraries and the plugins of pytest that users have."""
    session.install("-e", ".[test,compat]")
    # README's command runs the others.
    more = "(compat or companions) and not moto and not test_aiobotocore and not mode_of_xdist"
    session.run(
        "pytest",
        "-n",
        "2",
        "tests/compat",
        "tests/test_documentation.py",
        "-k",
        more,
        *session.posargs,
    )


@nox.session(python="3.13")
def newest(session: nox.Session) -> None:
    """Test with the newest botocore, which aiobotocore holds back, and the newest SageMaker SDK."""
    session.install(
        "-e",
        ".",
        "boto3",
        "moto[s3,sagemaker]",
        "freezegun",
        "time-machine",
        "hypothesis",
        "pytest-xdist",
    )
    session.run(
        "pytest",
        "-n",
        "2",
        "--ignore=tests/compat/test_aiobotocore.py",
        "-k",
        LEAN,
        *session.posargs,
    )
    session.install("sagemaker-core>=2")
    session.run(
        "pytest",
        "-n",
        "2",
        "tests/compat/test_sagemaker_sdk.py",
        "tests/test_documentation.py",
        "-k",
        "sagemaker",
        *session.posargs,
    )


@nox.session(python="3.11")
def readers(session: nox.Session) -> None:
    """Read CloudTrail's logs with other projects' tools.

    They need a boto3 that no recent aiobotocore accepts.
    """
    session.install(
        "-e",
        ".",
        "trailscraper",
        "aws-lambda-powertools[parser]",
        "moto[s3]",
        "freezegun",
        "hypothesis",
    )
    session.run("pytest", "tests/compat/test_readers.py", *session.posargs)


@nox.session(python="3.12")
def coverage(session: nox.Session) -> None:
    """Branch coverage, measured so that the plugin's own start-up counts.

    Not of what xdist runs in other processes.
    """
    session.install("-e", ".[test]", "coverage")
    session.run(
        "coverage", "run", "-m", "pytest", "-k", f"{LEAN} and not documentation", *session.posargs
    )
    session.run("coverage", "combine")
    session.run("coverage", "report", "--fail-under=97")


@nox.session
def lint(session: nox.Session) -> None:
    """Lint, format, types, layers."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("pyright")
    session.run("lint-imports", "--no-cache")
