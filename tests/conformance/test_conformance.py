"""`python -m pytest_sm_metrics conformance`: each rule as a case, against several services."""

from __future__ import annotations

import json
import os
import signal

import boto3
import pytest

from pytest_sm_metrics import RULES, fail_calls, mock_sm_metrics
from pytest_sm_metrics.__main__ import main
from pytest_sm_metrics.aws.raw_calls import RawCalls
from pytest_sm_metrics.conformance.checking import NAME
from pytest_sm_metrics.service.cases import CASES

from ..server.conftest import network, serving  # noqa: F401

pytest.importorskip("moto.server", reason="moto's server is not installed")
from moto import mock_aws
from moto.server import ThreadedMotoServer

NOWHERE = "http://127.0.0.1:1"
KEYS = ["rule", "provenance", "expected", "got", "verdict"]


@pytest.fixture
def check(tmp_path):
    """Run the command; return its exit status and its results by rule."""

    def check(*arguments):
        file = tmp_path / "results.json"
        status = main(["conformance", "--json", str(file), *arguments])
        results = json.loads(file.read_text(encoding="utf-8"))["results"]
        return status, {result["rule"]: result for result in results}

    return check


class TestTheCases:
    def test_each_rule_has_one(self):
        assert [case.rule for case in CASES] == [rule.id for rule in RULES]

    def test_one_without_requests_says_why(self):
        for case in CASES:
            assert bool(case.exchanges) != bool(case.why_not)

    def test_each_rule_that_is_enforced_has_requests(self):
        enforced = {rule.id for rule in RULES if rule.holds or rule.refuses}
        without = {case.rule for case in CASES if not case.exchanges}
        assert enforced & without == {"TrialComponentName.concurrent"}

    def test_the_setting_of_a_rule_is_on(self):
        settings = {rule.id: rule.setting for rule in RULES if rule.setting}
        for case in CASES:
            if case.exchanges and case.rule in settings:
                assert settings[case.rule] in case.settings


class TestTheMock:
    def test_it_keeps_every_rule(self, check, capsys):
        status, results = check()
        assert status == 0
        assert list(results) == [rule.id for rule in RULES]
        assert {result["verdict"] for result in results.values()} == {"same", "skipped"}
        for result in results.values():
            assert list(result) == KEYS
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split() == ["rule", "provenance", "verdict", "expected", "got"]
        assert lines[-1] == "83 same, 7 skipped"

    def test_some_rules(self, check):
        status, results = check("--rule", "Value.finite", "--rule", "Errors.empty")
        assert (status, list(results)) == (0, ["Value.finite", "Errors.empty"])

    def test_nothing_is_left(self, check):
        before = dict(os.environ)
        with mock_sm_metrics() as outer:
            check("--rule", "Errors.empty")
            assert outer.calls == ()
        assert dict(os.environ) == before


class TestAServiceThatDiffers:
    @pytest.fixture
    def results(self, check):
        """Check a service that answers everything in the same way."""

        def results(error, *arguments):
            with mock_sm_metrics(faults=[fail_calls(error)]):
                return check("--endpoint-url", NOWHERE, *arguments)

        return results

    @pytest.mark.parametrize(
        "error", [(200, b'{"Errors": [{"Code": "ODD"}]}'), (500, b"\xff"), "ConnectionReset"]
    )
    def test_each_case_notices(self, results, error):
        status, found = results(error)
        assert status == 1
        assert {result["verdict"] for result in found.values()} == {"differs", "news", "skipped"}
        for rule in RULES:
            verdict = found[rule.id]["verdict"]
            assert verdict in ("skipped", "news" if rule.provenance == "assumed" else "differs")

    def test_an_assumed_rule_that_differs_is_news(self, results):
        status, found = results((200, b"{}"), "--rule", "Body.json")
        assert (status, found["Body.json"]["verdict"]) == (0, "news")
        assert found["Body.json"]["expected"] == "400 SerializationException"
        assert found["Body.json"]["got"] == "200 {}"

    def test_no_answer_is_told(self, results):
        _, found = results("ConnectionReset", "--rule", "Errors.empty")
        assert found["Errors.empty"]["got"] == "no answer, ConnectionClosedError"

    def test_names_from_outside_do_not_steer_the_terminal(self, results, capsys):
        results((200, b'{"a": "\x1b[31m"}'), "--rule", "Errors.empty")
        assert "\x1b" not in capsys.readouterr().out


class TestServers:
    def test_ours(self, check):
        with serving() as process:
            status, results = check("--endpoint-url", process.url)
            process.send_signal(signal.SIGTERM)
        assert status == 0
        assert {result["verdict"] for result in results.values()} == {"same", "skipped"}
        assert "metric_limit=2" in results["MetricData.limit"]["got"]

    def test_motos(self, check):
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            status, results = check("--endpoint-url", f"http://{host}:{port}")
            client = boto3.client(
                "sagemaker",
                "us-east-1",
                endpoint_url=f"http://{host}:{port}",
                aws_access_key_id="a",
                aws_secret_access_key="b",
            )
            left = client.list_trial_components()["TrialComponentSummaries"]
        finally:
            server.stop()
        assert status == 1
        assert results["Errors.empty"]["verdict"] == "same"  # it knows the trial component
        assert results["MetricData.max"]["verdict"] == "differs"
        assert left == []


class TestAws:
    """moto is AWS's control plane here, and a mock its metrics."""

    @pytest.fixture(autouse=True)
    def aws(self, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        with mock_aws(), mock_sm_metrics() as sm_metrics:
            self.sm_metrics = sm_metrics
            self.sagemaker = boto3.client("sagemaker", "eu-west-1")
            yield

    def test_it_says_what_it_will_create_first_and_removes_it(self, check, capsys):
        status, results = check("--aws", "--region", "eu-west-1", "--rule", "Errors.empty")
        assert (status, results["Errors.empty"]["verdict"]) == (0, "same")
        said = capsys.readouterr().out
        assert said.startswith("This check uses AWS, in eu-west-1, with the default credentials.\n")
        assert f"creates up to 1 trial components named {NAME}-*" in said
        assert self.sagemaker.list_trial_components()["TrialComponentSummaries"] == []
        [call] = self.sm_metrics.calls
        assert call.trial_component.startswith(NAME)
        assert call.region == "eu-west-1"

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
    def test_it_removes_it_after_an_interruption(self, check, monkeypatch, kind):
        seen = []

        def send(calls, request):
            seen.append(self.sagemaker.list_trial_components()["TrialComponentSummaries"])
            raise kind

        monkeypatch.setattr(RawCalls, "send", send)
        with pytest.raises(kind):
            check("--aws", "--region", "eu-west-1", "--rule", "Errors.empty")
        assert len(seen[0]) == 1
        assert self.sagemaker.list_trial_components()["TrialComponentSummaries"] == []

    def test_a_signal_interrupts_and_its_handler_is_restored(self, check, monkeypatch):
        before = signal.getsignal(signal.SIGTERM)
        monkeypatch.setattr(RawCalls, "send", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(KeyboardInterrupt):
            check("--aws", "--region", "eu-west-1", "--rule", "Errors.empty")
        assert self.sagemaker.list_trial_components()["TrialComponentSummaries"] == []
        assert signal.getsignal(signal.SIGTERM) is before

    def test_one_that_cannot_be_removed_is_named(self, check, monkeypatch, capsys):
        def delete(calls, name):
            raise RuntimeError("not allowed")

        monkeypatch.setattr(RawCalls, "delete_trial_component", delete)
        status, _ = check("--aws", "--region", "eu-west-1", "--rule", "Errors.empty")
        assert status == 0
        assert f"could not delete the trial component {NAME}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rule", "Value.finit"], "did you mean 'Value.finite'?"),
        (["--profile", "me"], "--profile has an effect with --aws only"),
        (["--aws", "--endpoint-url", NOWHERE], "not allowed with argument"),
        (["--endpoint-url", "localhost:5000"], "--endpoint-url is 'localhost:5000'; accepted is"),
        (["--json", "no/such/folder.json"], "accepted is a file in an existing folder"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_what_is_not_accepted(arguments, message, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["conformance", *arguments])
    assert refused.value.code == 2
    assert message in capsys.readouterr().err
