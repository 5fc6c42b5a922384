"""The sdist and the wheel: what is in them, that they repeat, and that the wheel works.

`nox -s package` builds both, and runs these tests with them. It also runs those that install the
wheel in an empty environment, which needs a package index.
"""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EPOCH = 1_700_000_000
BUILT = os.environ.get("SM_METRICS_DISTRIBUTIONS")
LICENCES = ["LICENSE", "pytest_sm_metrics/reports/page/uPlot-LICENSE.txt"]
KINDS = {".css", ".html", ".j2", ".js", ".json", ".py", ".svg", ".typed"}
OF_SDIST = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "docs",
    "examples",
    "mkdocs.yml",
    "noxfile.py",
    "pyproject.toml",
    "pytest_sm_metrics",
    "tests",
}
EXTRAS = {"compat", "examples", "report", "server", "test"}


def build(source, folder, **environ):
    """Build both from a folder. Return the paths of the sdist and of the wheel."""
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=source,
        env={**os.environ, **environ},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return distributions_in(folder)


def distributions_in(folder):
    [sdist], [wheel] = Path(folder).glob("*.tar.gz"), Path(folder).glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Return the sdist and the wheel."""
    return distributions_in(BUILT) if BUILT else build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def in_sdist(distributions):
    """Return the names of the files of the sdist, without its folder."""
    with tarfile.open(distributions[0]) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def wheel(distributions):
    """Return the wheel, open."""
    with zipfile.ZipFile(distributions[1]) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel):
    """Return the metadata of the wheel."""
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(wheel.read(name))


def files_of_the_package():
    package = ROOT / "pytest_sm_metrics"
    files = (path for path in package.rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".pyc"}


def test_the_wheel_has_the_package_and_its_licences(wheel, metadata):
    info = f"pytest_sm_metrics-{metadata['Version']}.dist-info"
    described = {"METADATA", "RECORD", "WHEEL", "entry_points.txt"}
    described |= {f"licenses/{licence}" for licence in LICENCES}
    assert set(wheel.namelist()) == {
        *files_of_the_package(),
        *(f"{info}/{name}" for name in described),
    }
    for name in ("py.typed", "reports/page/page.html", "reports/report.schema.json"):
        assert f"pytest_sm_metrics/{name}" in wheel.namelist()


def test_the_package_has_no_unexpected_files():
    files = files_of_the_package() - set(LICENCES)
    assert {Path(name).suffix or Path(name).name for name in files} <= KINDS


def test_the_sdist_has_what_builds_and_tests_the_package(in_sdist):
    assert {name.partition("/")[0] for name in in_sdist} <= OF_SDIST
    assert files_of_the_package() <= in_sdist
    for name in ("LICENSE", "pyproject.toml", "tests/conftest.py", "docs/tables.py"):
        assert name in in_sdist
    assert not [name for name in in_sdist if "__pycache__" in name or name.endswith(".pyc")]


def test_the_metadata(metadata):
    assert metadata["License-Expression"] == "Apache-2.0 AND MIT"
    assert metadata.get_all("License-File") == LICENCES
    assert not [one for one in metadata.get_all("Classifier") if one.startswith("License ::")]
    assert set(metadata.get_all("Provides-Extra")) == EXTRAS
    needed = [one for one in metadata.get_all("Requires-Dist") if "extra ==" not in one]
    assert [re.match(r"[\w-]+", one)[0] for one in needed] == ["botocore", "pytest"]


def test_the_classifiers_are_the_pythons_of_nox(metadata):
    prefix = "Programming Language :: Python :: 3."
    classifiers = metadata.get_all("Classifier")
    named = {f"3.{one.removeprefix(prefix)}" for one in classifiers if one.startswith(prefix)}
    [tested] = re.findall(
        r"^@nox\.session\(python=\[(.*)\]\)\ndef tests\(",
        (ROOT / "noxfile.py").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert named == set(re.findall(r"3\.\d+", tested))
    assert metadata["Requires-Python"] == f">={min(named, key=lambda one: int(one[2:]))}"


def test_the_changelog_begins_with_this_version(metadata):
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == metadata["Version"]


def test_both_repeat_byte_for_byte(distributions, tmp_path):
    with tarfile.open(distributions[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    [source] = [path for path in tmp_path.iterdir() if path.is_dir()]
    for path in source.rglob("*"):  # as another machine's clone
        os.utime(path, (EPOCH, EPOCH))
        path.chmod(path.stat().st_mode & 0o700)
    again = build(source, tmp_path / "again")
    for first, second in zip(distributions, again, strict=True):
        assert first.name == second.name
        assert first.read_bytes() == second.read_bytes(), f"{first.name} differs"


def test_source_date_epoch_is_the_date_of_all_files(tmp_path):
    sdist, wheel = build(ROOT, tmp_path, SOURCE_DATE_EPOCH=str(EPOCH))
    with tarfile.open(sdist) as archive:
        assert {member.mtime for member in archive.getmembers()} == {EPOCH}
    with zipfile.ZipFile(wheel) as archive:
        expected = time.gmtime(EPOCH)[:6]
        assert {one.date_time for one in archive.infolist()} == {expected}


class Environment:
    """A virtual environment that has only the wheel, one extra of it, and what they need."""

    def __init__(self, folder, wheel, extra=""):
        self._work = folder / "work"
        self._work.mkdir()
        environment = folder / "environment"
        venv.create(environment, with_pip=True)
        folders = [path for name in ("bin", "Scripts") if (path := environment / name).is_dir()]
        self._python = next(folders[0].glob("python*"))
        done = self.run("-m", "pip", "install", "-q", f"{wheel}{extra}")
        assert done.returncode == 0, done.stderr

    def start(self, *arguments):
        """Start Python, without the variables that this run of pytest has."""
        left_out = ("AWS_", "COV", "PYTEST", "PYTHON")
        environ = {name: one for name, one in os.environ.items() if not name.startswith(left_out)}
        return subprocess.Popen(
            [str(self._python), *arguments],
            cwd=self._work,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments):
        """Run Python to its end, and return its outcome."""
        with self.start(*arguments) as process:
            try:
                stdout, stderr = process.communicate(timeout=300)
            finally:
                process.kill()
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


@pytest.fixture(scope="module")
def install(distributions, tmp_path_factory):
    """Return a function that makes an environment with the wheel."""
    if not BUILT:
        pytest.skip("installs from a package index: `nox -s package` runs it")
    return lambda extra="": Environment(tmp_path_factory.mktemp("empty"), distributions[1], extra)


@pytest.fixture(scope="module")
def installed(install):
    """Return an environment with the wheel."""
    return install()


def test_the_installed_wheel_brings_its_fixtures(installed):
    done = installed.run("-m", "pytest", "--fixtures", "-q")
    assert done.returncode in (0, 5), done.stderr
    for name in ("sm_metrics", "sm_metrics_session", "sm_metrics_cloudtrail", "sm_metrics_server"):
        assert re.search(rf"^{name}\b", done.stdout, re.MULTILINE), name


def test_the_installed_wheel_answers_a_test(installed, tmp_path):
    test = """
import botocore.session


def test_a_loss_is_logged(sm_metrics):
    metric = {"MetricName": "loss", "Timestamp": 1788264000, "Step": 0, "Value": 0.5}
    client = botocore.session.get_session().create_client("sagemaker-metrics")
    assert client.batch_put_metrics(TrialComponentName="run-1", MetricData=[metric])["Errors"] == []
    assert sm_metrics["run-1"]["loss"].values == [0.5]
"""
    path = tmp_path / "test_it.py"
    path.write_text(test, encoding="utf-8")
    done = installed.run("-m", "pytest", "-W", "error", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_installed_wheel_has_all_public_names(installed):
    done = installed.run("-W", "error", "-c", "from pytest_sm_metrics import *")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_names_the_extra_that_it_needs(installed):
    done = installed.run("-m", "pytest_sm_metrics", "serve", "--help")
    assert done.returncode == 0, done.stderr
    assert "--port" in done.stdout
    done = installed.run("-m", "pytest_sm_metrics", "serve")
    assert done.returncode == 1
    assert "pip install 'pytest-sm-metrics[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_extra_server_brings_what_the_command_needs(install):
    with install("[server]").start("-W", "error", "-m", "pytest_sm_metrics", "serve") as process:
        try:
            assert re.match(r"http://127\.0\.0\.1:\d+$", process.stdout.readline())
        finally:
            process.terminate()
        assert process.wait(timeout=60) == 0
