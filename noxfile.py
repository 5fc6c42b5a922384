"""The sessions of nox: tests with other Pythons and other versions, and the checks of the code.

`nox` runs all of them but `sweeps`, which writes a page, and but `mutation` and `benchmarks`, which
take long. `nox -s lint` runs only the checks.
"""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"

PROJECT = nox.project.load_toml("pyproject.toml")

# Leave out the tests that start many processes; other sessions run them.
LEAN = "not xdist and not pytest_plugins and not companions"

# It imports pkg_resources, which later versions of setuptools do not have.
FILE_WRITER = ["sagemaker-experiments>=0.1.45", "setuptools<81"]


def run_pytest(session: nox.Session, *options: str) -> None:
    """Run pytest in two processes, with more options from the command line."""
    session.run("python", "-m", "pytest", "-n", "2", *options, *session.posargs)


@nox.session(python=["3.10", "3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the whole suite with the newest versions of everything."""
    session.install("-e", ".[test]")
    run_pytest(session)


@nox.session(python=["3.10", "3.11", "3.12", "3.13"])
def oldest(session: nox.Session) -> None:
    """Test with the oldest pytest and botocore that are supported.

    This leaves out the tests that need later versions: aiobotocore, moto, and the service model
    with which the rules and operations are compared. It leaves out the blocks and examples that log
    a NaN: the oldest botocore sends it as a token that is no JSON. And it does not run tests of the
    plugin again under xdist. time-machine 2.16.0 has no wheel for Python 3.14.
    """
    oldest = ["pytest==8.4.0", "botocore==1.29.28", "boto3==1.26.28"]
    oldest += ["freezegun==1.5.0", "time-machine==2.16.0"]
    session.install("-e", ".", *oldest, "hypothesis", "jinja2", "jsonschema", "pytest-xdist")
    later = ["compat/test_moto.py", "compat/test_moto_trails.py", "compat/test_aiobotocore.py"]
    later += ["compat/test_comparison.py"]
    later += ["compat/test_readers.py", "service/test_rules.py"]
    later += ["cloudtrail/test_trail.py", "cloudtrail/test_deliveries.py"]
    later += ["test_documentation.py", "reports/test_markdown.py", "test_service_model.py"]
    ignored = [f"--ignore=tests/{path}" for path in later]
    # botocore itself causes this warning, when it signs under Python 3.12 and later.
    utcnow = ["-W", "ignore:datetime.datetime.utcnow:DeprecationWarning"]
    run_pytest(session, "tests", *ignored, *utcnow, "-k", "not under")


@nox.session(python="3.11")
def compat(session: nox.Session) -> None:
    """Test beside the libraries and the plugins of pytest that users have."""
    session.install("-e", ".[test,compat]", *FILE_WRITER)
    # The test command of the README runs the others.
    more = "(compat or companions) and not moto and not test_aiobotocore and not mode_of_xdist"
    run_pytest(session, "tests/compat", "tests/test_documentation.py", "-k", more)


@nox.session(python="3.13")
def newest(session: nox.Session) -> None:
    """Test with the newest botocore, which aiobotocore excludes, and the newest SageMaker SDK.

    This leaves out what botocore has no part in: reports, prose, and the server under stress.
    """
    companions = [
        "aiohttp",
        "boto3",
        "moto[s3,sagemaker,server]",
        "freezegun",
        "time-machine",
        "hypothesis",
        "jinja2",
        "jsonschema",
        "markdown-it-py",
    ]
    session.install("-e", ".", *companions, "pytest-xdist")
    others = ["reports", "browser", "server/test_stress.py", "test_contributing.py"]
    others += ["test_prose.py", "compat/test_aiobotocore.py"]
    run_pytest(session, *(f"--ignore=tests/{path}" for path in others), "-k", LEAN)
    session.install("sagemaker-core>=2")
    of_sdk = ["test_sagemaker_sdk.py", "test_sweeps_of_sdks.py", "test_worker_pools.py"]
    tests = [f"tests/compat/{name}" for name in of_sdk]
    run_pytest(session, *tests, "tests/test_documentation.py", "-k", "sagemaker or sdks")


@nox.session(python="3.11", default=False)
@nox.parametrize("sdk", ["sagemaker>=2.200,<3", "sagemaker-core>=2,<3"], ids=["2", "3"])
def sweeps(session: nox.Session, sdk: str) -> None:
    """Sweep the sinks of one generation of the SageMaker SDK, and write the page about them."""
    session.install("-e", ".[examples]", *FILE_WRITER, sdk)
    session.run("python", "examples/sweeps/compare.py", "--save")
    session.run("python", "docs/tables.py")


@nox.session(python="3.13")
def model(session: nox.Session) -> None:
    """Compare the newest botocore's model of the service with what the package knows."""
    session.install("-e", ".", "boto3", "hypothesis")
    tests = ["tests/test_service_model.py", "tests/service/test_rules.py"]
    session.run("python", "-m", "pytest", *tests, *session.posargs)


@nox.session(python="3.12")
def random(session: nox.Session) -> None:
    """Run the suite in random order, without the tests that start many processes."""
    session.install("-e", ".[test]", "pytest-randomly")
    options = "-ra --strict-markers --strict-config --import-mode=importlib"
    order = ["-o", f"addopts={options}", "-p", "randomly", "-k", LEAN]
    run_pytest(session, *order)


@nox.session(python="3.11")
def readers(session: nox.Session) -> None:
    """Read the logs of CloudTrail with other projects' tools.

    They need a boto3 that no recent aiobotocore accepts.
    """
    tools = ["trailscraper", "aws-lambda-powertools[parser]"]
    session.install("-e", ".", *tools, "moto[s3]", "freezegun", "hypothesis")
    session.run("pytest", "tests/compat/test_readers.py", *session.posargs)


@nox.session(python="3.11")
def clients(session: nox.Session) -> None:
    """Test the server with the AWS CLI, and with the SDK for JavaScript if npm is there.

    The AWS CLI accepts one version of botocore only.
    """
    session.install("-e", ".[server]", "awscli", "boto3", "hypothesis")
    tests = ["tests/server/test_clients.py", "tests/server/test_javascript.py"]
    environ = {}
    if shutil.which("npm"):
        folder = session.create_tmp()
        quiet = ["--silent", "--no-audit", "--no-fund"]
        session.run("npm", "install", *quiet, "--prefix", folder, "aws-sdk@2", external=True)
        environ["NODE_PATH"] = str(Path(folder, "node_modules").resolve())
    options = ["-k", "aws_cli or javascript", *session.posargs]
    session.run("pytest", *tests, *options, env=environ)


@nox.session(python="3.11")
def browser(session: nox.Session) -> None:
    """Test the HTML report in Chromium, and with axe-core if npm is there."""
    session.install("-e", ".[test,report]", "playwright")
    environ = {}
    if shutil.which("npm"):
        folder = session.create_tmp()
        quiet = ["--silent", "--no-audit", "--no-fund"]
        session.run("npm", "install", *quiet, "--prefix", folder, "axe-core@4", external=True)
        environ["NODE_PATH"] = str(Path(folder, "node_modules").resolve())
    tests = ["tests/browser", "tests/reports/test_html.py"]
    session.run("pytest", "-n", "2", *tests, *session.posargs, env=environ)


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """Build the documentation as a site, in `site/`, and test it in Chromium.

    Warnings are errors: a link that leads nowhere, a page that no menu has.
    """
    dependencies = nox.project.dependency_groups(PROJECT, "docs")
    session.install("-e", ".[test,report]", *dependencies, "playwright")
    session.run("mkdocs", "build", "--strict", "--quiet", env={"NO_MKDOCS_2_WARNING": "1"})
    tests = ["tests/browser/test_site.py", *session.posargs]
    session.run("pytest", *tests, env={"SM_METRICS_SITE": str(Path("site").resolve())})


@nox.session(python="3.12")
def coverage(session: nox.Session) -> None:
    """Measure branch coverage, also of the plugin's start-up.

    It leaves out what xdist runs in other processes.
    """
    session.install("-e", ".[test]", "coverage")
    lean = f"{LEAN} and not documentation"
    session.run("coverage", "run", "-m", "pytest", "-k", lean, *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report", "--fail-under=97")


@nox.session
def lint(session: nox.Session) -> None:
    """Check lint, format, types (also those in the tests of users), layers and workflows."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("pyright")
    session.run("lint-imports", "--no-cache")
    workflows = sorted(str(path) for path in Path(".github/workflows").glob("*.yml"))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    zizmor = ["zizmor", "--quiet", "--offline", "--persona=pedantic"]
    session.run(*zizmor, ".github")


@nox.session
def package(session: nox.Session) -> None:
    """Build sdist and wheel, check them, and try the wheel in an empty environment.

    They are left in `dist`. Without SOURCE_DATE_EPOCH all their files have one fixed date.
    """
    session.install(*nox.project.dependency_groups(PROJECT, "package"))
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    built = sorted(str(path) for path in Path("dist").iterdir())
    session.run("twine", "check", "--strict", *built)
    session.run("check-wheel-contents", "dist")
    environ = {"SM_METRICS_DISTRIBUTIONS": str(Path("dist").resolve())}
    options = ["--noconftest", *session.posargs]
    session.run("python", "-m", "pytest", "tests/test_distributions.py", *options, env=environ)


@nox.session(python="3.11")
def fuzz(session: nox.Session) -> None:
    """Send a million random requests, in process and a tenth of them over HTTP."""
    session.install("-e", ".[test]")
    million = {"SM_METRICS_FUZZ": "1000000"}
    run = ["python", "-m", "pytest", "-n", "2", "-q", "tests/service/test_fuzz.py"]
    session.run(*run, *session.posargs, env=million)


@nox.session(python="3.11", default=False)
def mutation(session: nox.Session) -> None:
    """Change the code in 480 small ways, and fail if no test notices one that is not explained."""
    session.install("-e", ".[test]", "coverage>=7", "cosmic-ray>=8.7")
    session.run("python", "-m", "tests.mutation.run", *session.posargs)


@nox.session(python="3.11", default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure the costs; with `--save`, write them to the page about them."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "benchmarks"))
    session.run("python", "benchmarks/run.py", *session.posargs)
