"""JavaScript: the SDK of AWS, and the `fetch` of Node.js."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")

WITH_FETCH = """
const url = process.env.AWS_ENDPOINT_URL_SAGEMAKER_METRICS;
const metric = { MetricName: "loss", Timestamp: 1788264000, Value: 0.5 };
const body = JSON.stringify({ TrialComponentName: "run-1", MetricData: [metric] });

async function main() {
  const answer = await fetch(`${url}/BatchPutMetrics`, { method: "PUT", body });
  console.log(answer.status, JSON.stringify(await answer.json()));
  const state = await (await fetch(`${url}/_sm_metrics/state`)).json();
  console.log(state.trial_components[0].metrics[0].value);
  const check = await fetch(`${url}/_sm_metrics/check`, { method: "POST" });
  console.log(JSON.stringify(await check.json()));
}

main();
"""
WITH_THE_SDK = """
const { SageMakerMetrics } = require("aws-sdk");

const endpoint = process.env.AWS_ENDPOINT_URL_SAGEMAKER_METRICS;
const client = new SageMakerMetrics({ endpoint, retryDelayOptions: { base: 1 } });
const MetricData = [
  { MetricName: "loss", Timestamp: new Date(1788264000000), Step: 0, Value: 0.5 },
  { MetricName: "loss", Timestamp: new Date(1788264001000), Step: 1, Value: 0.4 },
];
client
  .batchPutMetrics({ TrialComponentName: "run-1", MetricData })
  .promise()
  .then((answer) => console.log(JSON.stringify(answer)))
  .catch((error) => console.log(error.code, error.statusCode));
"""


def run_node(server, source):
    """Run a script with the server's environment. Return the lines that it prints."""
    environ = {**os.environ, **server.env, "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1"}
    done = subprocess.run(
        ["node", "-e", source],
        env=environ,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_fetch(sm_metrics, sm_metrics_server):
    printed = run_node(sm_metrics_server, WITH_FETCH)
    assert printed == ['200 {"Errors":[]}', "0.5", '{"findings":[]}']
    sm_metrics.assert_logged("run-1", "loss", 0.5)


class TestSDK:
    """The second generation of the SDK, the package `aws-sdk`."""

    @pytest.fixture(autouse=True)
    def _installed(self):
        found = subprocess.run(
            ["node", "-e", 'require.resolve("aws-sdk")'], check=False, capture_output=True
        )
        if found.returncode:
            pytest.skip("needs the package aws-sdk where Node.js finds it")

    def test_a_call(self, sm_metrics, sm_metrics_server):
        assert run_node(sm_metrics_server, WITH_THE_SDK) == ['{"Errors":[]}']
        assert sm_metrics["run-1"]["loss"].values == [0.5, 0.4]
        assert sm_metrics["run-1"]["loss"].steps == [0, 1]
        assert sm_metrics.calls[0].user_agent.startswith("aws-sdk-nodejs/2")

    def test_rejected_metrics(self, sm_metrics, sm_metrics_server):
        sm_metrics.fail_metrics("CONFLICT_ERROR", step=1)
        printed = run_node(sm_metrics_server, WITH_THE_SDK)
        assert printed == ['{"Errors":[{"Code":"CONFLICT_ERROR","MetricIndex":1}]}']

    def test_a_call_that_fails(self, sm_metrics, sm_metrics_server):
        sm_metrics.fail_calls("AccessDeniedException")
        assert run_node(sm_metrics_server, WITH_THE_SDK) == ["AccessDeniedException 403"]

    def test_throttling(self, sm_metrics, sm_metrics_server):
        sm_metrics.fail_calls("ThrottlingException", times=1)
        assert run_node(sm_metrics_server, WITH_THE_SDK) == ['{"Errors":[]}']
        assert [call.status_code for call in sm_metrics.calls] == [400, 200]

    def test_a_lost_answer(self, sm_metrics, sm_metrics_server):
        sm_metrics.fail_calls("ConnectionReset", stored=True, times=1)
        assert run_node(sm_metrics_server, WITH_THE_SDK) == ['{"Errors":[]}']
        assert len(sm_metrics["run-1"]["loss"]) == 4
