"""sm_metrics_class and the like: shared by a scope, and on before its other fixtures."""

from __future__ import annotations

from itertools import product

import pytest

SCOPES = ["session", "package", "module", "class"]


def test_the_nearest_answers_and_what_it_holds_is_kept(run):
    result = run(
        """
        import pytest
        from trainer import log
        from pytest_sm_metrics import current

        class TestShared:
            def test_one(self, sm_metrics_class):
                log("run-1", "loss", 0.5)
                assert current() is sm_metrics_class

            def test_two(self, sm_metrics_class):
                log("run-1", "loss", 0.4)
                assert sm_metrics_class["run-1"]["loss"].values == [0.5, 0.4]

            def test_a_new_one_inside_it(self, sm_metrics, sm_metrics_class):
                log("run-1", "loss", 0.3)
                assert sm_metrics["run-1"]["loss"].values == [0.3]
                assert sm_metrics_class["run-1"]["loss"].values == [0.5, 0.4]

            @pytest.mark.usefixtures("sm_metrics_class")
            def test_through_current(self):
                assert current()["run-1"]["loss"].values == [0.5, 0.4]

        class TestAnother:
            def test_it_begins_empty(self, sm_metrics_class):
                assert list(sm_metrics_class) == []

        def test_outside_a_class(sm_metrics_class):
            assert list(sm_metrics_class) == []
        """
    )
    result.assert_outcomes(passed=6)


@pytest.mark.parametrize(
    ("scope", "activations"), [("session", 1), ("package", 2), ("module", 4), ("class", 8)]
)
def test_each_is_shared_by_its_scope(project, scope, activations):
    source = f"""
import pathlib
from trainer import log

class TestOne:
    def test_one(self, sm_metrics_{scope}):
        log("run-1", "loss", 0.5)
        seen = pathlib.Path("seen")
        with seen.open("a") as lines:
            print(len(sm_metrics_{scope}.calls), file=lines)

    test_two = test_one

class TestTwo(TestOne):
    pass
"""
    for package in ("one", "two"):
        project.mkpydir(package)
        for module in ("a", "b"):
            project.path.joinpath(package, f"test_{module}.py").write_text(source, encoding="utf-8")
    project.runpytest_inprocess().assert_outcomes(passed=16)
    counts = [
        int(line) for line in project.path.joinpath("seen").read_text(encoding="utf-8").split()
    ]
    assert counts == [*range(1, 16 // activations + 1)] * activations


def test_a_package_within_a_package_has_its_own(project):
    for package in ("outer", "outer/inner"):
        project.mkpydir(package)
        project.path.joinpath(package, f"test_{package[-5:]}.py").write_text(
            "from trainer import log\n"
            "def test_it(sm_metrics_package):\n"
            "    assert list(sm_metrics_package) == []\n"
            "    log('run-1', 'loss', 0.5)\n"
            "    assert list(sm_metrics_package) == ['run-1']\n",
            encoding="utf-8",
        )
    project.runpytest_inprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize("conftest", ["conftest.py", "package/conftest.py"])
def test_a_package_of_the_users_own(project, conftest):
    package = project.mkpydir("package")
    package.joinpath("test_it.py").write_text(
        "def test_it(sm_metrics_package):\n    assert sm_metrics_package == 'own'", encoding="utf-8"
    )
    project.path.joinpath(conftest).write_text(
        "import pytest\n@pytest.fixture(scope='package')\n"
        "def sm_metrics_package():\n    return 'own'",
        encoding="utf-8",
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


WIDER = list(product(SCOPES, SCOPES))


@pytest.mark.parametrize(("of_mock", "of_trainer"), WIDER, ids=lambda scope: scope)
def test_a_trainer_of_its_scope_or_a_nearer_one_runs_inside(project, of_mock, of_trainer):
    inside = SCOPES.index(of_mock) <= SCOPES.index(of_trainer)
    project.makepyfile(
        f"""
        import pytest
        from trainer import log
        from pytest_sm_metrics import current

        def is_on():
            try:
                return bool(current())
            except RuntimeError:
                return False

        @pytest.fixture(scope="{of_trainer}")
        def trainer():
            assert is_on() == {inside}
            if {inside}:
                log("run-1", "set-up", 1.0)
            yield
            assert is_on() == {inside}
            if {inside}:
                log("run-1", "teardown", 1.0)
                assert list(current()["run-1"]) == ["set-up", "body", "teardown"]

        class TestIt:
            def test_it(self, trainer, sm_metrics_{of_mock}):
                log("run-1", "body", 1.0)
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_each_reads_ini_and_the_markers_of_its_own_node(run, project):
    project.makefile(".ini", pytest="[pytest]\nsm_metrics_metric_limit = 5")
    result = run(
        """
        import pytest
        from trainer import log

        pytestmark = pytest.mark.sm_metrics(metric_limit=4)

        def accepted(sm_metrics):
            log("run-1", "loss", *[0.5] * 9)
            return len(sm_metrics["run-1"].metrics)

        @pytest.mark.sm_metrics(metric_limit=3)
        class TestMarked:
            def test_session(self, sm_metrics_session):
                assert accepted(sm_metrics_session) == 5

            def test_package(self, sm_metrics_package):
                assert accepted(sm_metrics_package) == 5

            def test_module(self, sm_metrics_module):
                assert accepted(sm_metrics_module) == 4

            def test_class(self, sm_metrics_class):
                assert accepted(sm_metrics_class) == 3

            @pytest.mark.sm_metrics(metric_limit=2)
            def test_function(self, sm_metrics):
                assert accepted(sm_metrics) == 2
        """
    )
    result.assert_outcomes(passed=5)


def test_xunit_set_up_runs_inside(project):
    project.makepyfile(
        """
        from trainer import log

        def setup_module():
            log("run-1", "module", 1.0)

        class TestIt:
            @classmethod
            def setup_class(cls):
                log("run-1", "class", 1.0)

            def setup_method(self):
                log("run-1", "method", 1.0)

            def test_it(self, sm_metrics_module, sm_metrics_class, sm_metrics):
                assert list(sm_metrics_module["run-1"]) == ["module"]
                assert list(sm_metrics_class["run-1"]) == ["class"]
                assert list(sm_metrics["run-1"]) == ["method"]
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_wider_one_that_is_asked_for_late_goes_outside(project):
    project.makepyfile(
        """
        from trainer import log
        from pytest_sm_metrics import mock_sm_metrics

        def test_it(request, sm_metrics):
            shared = request.getfixturevalue("sm_metrics_session")
            log("run-1", "loss", 0.5)
            with mock_sm_metrics() as inner:
                nearer = request.getfixturevalue("sm_metrics_module")
                log("run-1", "loss", 0.5)
            assert [len(mock.calls) for mock in (shared, nearer, sm_metrics, inner)] == [0, 0, 1, 1]
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_they_are_documented(pytester):
    result = pytester.runpytest_inprocess("--fixtures", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines_random(
        [f"sm_metrics_{scope} [[]{scope} scope[]] -- *" for scope in SCOPES]
    )
