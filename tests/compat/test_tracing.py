"""AWS X-Ray, OpenTelemetry and Datadog hook botocore, too: both work, in both orders.

Each runs in a new process: X-Ray never restores what it patches.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

LOG = """
import json
import os
import sys

import boto3
from botocore.exceptions import ClientError
from pytest_sm_metrics import mock_sm_metrics

sys.path.insert(0, os.getcwd())
from tracer import instrument, spans

os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
DATA = [{"MetricName": "loss", "Timestamp": 1788264000, "Value": 0.5}]
KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
early = boto3.client("sagemaker-metrics", region_name="eu-west-1", **KEYS)

def put(client, run):
    return client.batch_put_metrics(TrialComponentName=run, MetricData=DATA)

if sys.argv[1] == "tracer first":
    instrument()
with mock_sm_metrics() as sm_metrics:
    if sys.argv[1] == "mock first":
        instrument()
    late = boto3.client("sagemaker-metrics")
    put(early, "early")
    with sm_metrics.fail_calls("ThrottlingException", times=2):
        assert put(late, "late")["ResponseMetadata"]["RetryAttempts"] == 2
    with sm_metrics.fail_calls("AccessDeniedException"):
        try:
            put(late, "denied")
        except ClientError:
            pass
codes = [call.error_code for call in sm_metrics.calls]
assert codes == [None, *["ThrottlingException"] * 2, None, "AccessDeniedException"]
regions = {run.name: run.region for run in sm_metrics.trial_components}
assert regions == {"early": "eu-west-1", "late": "us-east-1"}
try:
    put(late, "after")
except Exception as error:
    assert type(error).__name__ == "NoCredentialsError", error
with mock_sm_metrics() as again:
    put(late, "again")
assert list(again) == ["again"]
seen = [*sm_metrics.calls, *again.calls]
print(json.dumps([spans(), [seen[index].request_id for index in (0, 3, 4, 5)]]))
"""

XRAY = """
from aws_xray_sdk.core import patch, xray_recorder

sent = []

class Emitter:
    def send_entity(self, entity):
        sent.append(entity)

def instrument():
    xray_recorder.configure(sampling=False, emitter=Emitter())
    xray_recorder.begin_segment("test")
    patch(["botocore"])

def instrument_async():
    from aws_xray_sdk.core.async_context import AsyncContext
    xray_recorder.configure(sampling=False, emitter=Emitter(), context=AsyncContext())
    xray_recorder.begin_segment("test")
    patch(["aiobotocore"])

def spans():
    xray_recorder.end_segment()
    found = [one for one in sent[0].subsegments if "response" in one.http]
    return [
        [one.aws["operation"], one.http["response"]["status"], one.aws["request_id"]]
        for one in found
    ]
"""

OPENTELEMETRY = """
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()

def instrument():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    BotocoreInstrumentor().instrument(tracer_provider=provider)

def instrument_async():
    from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    AiobotocoreInstrumentor().instrument(tracer_provider=provider)

def spans():
    spans = exporter.get_finished_spans()
    found = [span.attributes for span in spans if "http.status_code" in span.attributes]
    return [[one["rpc.method"], one["http.status_code"], one["aws.request_id"]] for one in found]
"""

DATADOG = """
from ddtrace import patch
from ddtrace.trace import TraceFilter, tracer

found = []

class Keep(TraceFilter):
    def process_trace(self, trace):
        found.extend(span for span in trace if span.get_tag("http.status_code"))

def instrument():
    tracer.configure(trace_processors=[Keep()])
    patch(botocore=True)

def instrument_async():
    tracer.configure(trace_processors=[Keep()])
    patch(aiobotocore=True)

def spans():
    return [
        [
            span.get_tag("aws.operation"),
            int(span.get_tag("http.status_code")),
            span.get_tag("aws.requestid"),
        ]
        for span in found
    ]
"""

ASYNC_LOG = """
import asyncio
import json
import os
import sys

from aiobotocore.session import get_session
from botocore.exceptions import ClientError
from pytest_sm_metrics import mock_sm_metrics

sys.path.insert(0, os.getcwd())
from tracer import instrument_async, spans

DATA = [{"MetricName": "loss", "Timestamp": 1788264000, "Value": 0.5}]

def put(client, run):
    return client.batch_put_metrics(TrialComponentName=run, MetricData=DATA)

async def main():
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    session = get_session()
    async with session.create_client("sagemaker-metrics", "eu-west-1", **keys) as early:
        if sys.argv[1] == "tracer first":
            instrument_async()
        async with (
            mock_sm_metrics() as sm_metrics,
            get_session().create_client("sagemaker-metrics") as late,
        ):
            if sys.argv[1] == "mock first":
                instrument_async()
            await put(early, "early")
            with sm_metrics.fail_calls("ThrottlingException", times=2):
                await put(late, "late")
            with sm_metrics.fail_calls("AccessDeniedException"):
                try:
                    await put(late, "denied")
                except ClientError:
                    pass
        async with mock_sm_metrics() as again:
            await put(early, "again")
        seen = [*sm_metrics.calls, *again.calls]
        print(json.dumps([spans(), [seen[index].request_id for index in (0, 3, 4, 5)]]))

asyncio.run(main())
"""

TRACERS = {
    "aws_xray_sdk": XRAY,
    "opentelemetry.instrumentation.botocore": OPENTELEMETRY,
    "ddtrace": DATADOG,
}


@pytest.mark.parametrize("log", [LOG, ASYNC_LOG], ids=["boto3", "aiobotocore"])
@pytest.mark.parametrize("order", ["tracer first", "mock first"])
@pytest.mark.parametrize("tracer", TRACERS)
def test_both_see_every_call(tracer, order, log, tmp_path):
    if log is ASYNC_LOG:
        pytest.importorskip("aiobotocore")
    try:
        importlib.util.find_spec(tracer) or pytest.skip("needs the extra compat")
    except ModuleNotFoundError:
        pytest.skip("needs the extra compat")
    (tmp_path / "tracer.py").write_text(TRACERS[tracer])
    (tmp_path / "log.py").write_text(log)
    ended = subprocess.run(
        [sys.executable, "log.py", order], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    spans, request_ids = json.loads(ended.stdout.splitlines()[-1])
    expected = [
        ["BatchPutMetrics", status, request_id]
        for status, request_id in zip([200, 200, 403, 200], request_ids, strict=True)
    ]
    if (tracer, log) == ("ddtrace", ASYNC_LOG):
        del expected[2]  # this one tags no answer that is an error
    assert spans == expected
