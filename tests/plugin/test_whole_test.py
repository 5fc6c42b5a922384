"""The fixture is on for the whole test, wherever it stands among the arguments."""

from __future__ import annotations

import pytest

CONFTEST = """
import boto3, pytest
from pytest_sm_metrics import current

@pytest.fixture(scope="session")
def client():
    with pytest.raises(RuntimeError):
        current()  # fixtures of wider scopes run outside
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("sagemaker-metrics", region_name="us-east-1", **keys)

@pytest.fixture
def log(client):
    def log(name):
        data = [{"MetricName": name, "Timestamp": 0, "Value": 1.0}]
        client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
    return log

@pytest.fixture
def trainer(log):
    log("set-up")
    yield log
    log("teardown")
    assert list(current()["run-1"])[0] == "set-up" and list(current()["run-1"])[-1] == "teardown"

@pytest.fixture(autouse=True)
def auto(request):
    is_on = "sm_metrics" in request.fixturenames
    if is_on:
        current()
    yield
    if is_on:
        current()
"""

TESTS = """
import pytest

def test_last(trainer, sm_metrics):
    trainer("body")
    assert list(sm_metrics["run-1"]) == ["set-up", "body"]

def test_first(sm_metrics, trainer):
    assert list(sm_metrics["run-1"]) == ["set-up"]

@pytest.mark.parametrize("number", [1, 2])
def test_between(number, trainer, sm_metrics, tmp_path):
    assert list(sm_metrics["run-1"]) == ["set-up"]

@pytest.mark.usefixtures("trainer", "sm_metrics")
def test_by_mark():
    pass

class TestClass:
    @pytest.fixture
    def own(self, trainer, sm_metrics):
        return sm_metrics

    def setup_method(self, method):
        from pytest_sm_metrics import current
        current()

    def test_in_a_class(self, own):
        assert list(own["run-1"]) == ["set-up"]

def test_alone(sm_metrics):
    assert list(sm_metrics) == []

def test_asked_for_later(request, client):
    sm_metrics = request.getfixturevalue("sm_metrics")
    assert list(sm_metrics) == []

def test_without(client):
    from pytest_sm_metrics import current
    with pytest.raises(RuntimeError):
        current()
"""


@pytest.mark.parametrize("options", [[], ["-p", "xdist", "-n", "1"]], ids=["alone", "under xdist"])
def test_a_fixture_that_logs_in_its_set_up_and_teardown(pytester, options):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=9)


def test_a_users_own_fixture_of_wider_scope_stays_where_it_is(pytester):
    pytester.makepyfile(
        """
        import pytest
        from pytest_sm_metrics import current, mock_sm_metrics

        @pytest.fixture(scope="module")
        def sm_metrics():
            with mock_sm_metrics() as sm_metrics:
                yield sm_metrics

        @pytest.fixture
        def other():
            return current()

        def test_it(other, sm_metrics):
            assert other is sm_metrics
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_fixture_on_top_of_it(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def sm_metrics(trainer, sm_metrics):
            return sm_metrics

        def test_it(sm_metrics):
            assert list(sm_metrics["run-1"]) == ["set-up"]
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_wider_fixture_that_a_hook_adds_stays_outside(pytester):
    pytester.makeconftest(
        CONFTEST
        + """
def pytest_collection_modifyitems(items):
    for item in items:
        item.fixturenames.insert(0, "client")
"""
    )
    pytester.makepyfile("def test_it(sm_metrics): ...")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
