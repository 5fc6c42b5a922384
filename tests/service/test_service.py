from __future__ import annotations

import inspect
import json
import os
import sys
import threading
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_sm_metrics import UnmockedCallError, delay_calls
from pytest_sm_metrics.service import journal
from pytest_sm_metrics.service.arns import trial_component_arn
from pytest_sm_metrics.service.service import Service
from pytest_sm_metrics.settings import Settings

from ..requests import answered, body, item, request


@pytest.fixture
def service():
    return Service(Settings(), "tests/test_train.py::test_loss")


def test_success_has_an_empty_list_of_errors(service):
    answer = answered(service, request(body(item())))
    assert (answer.status, json.loads(answer.body)) == (200, {"Errors": []})


def test_an_answer_that_no_fault_delays_has_no_delay(service):
    answer = answered(service, request(body(item())))
    assert (answer.delay, service.calls[0].delay) == (0, 0)


def test_an_answer_has_the_delay_of_the_faults():
    service = Service(Settings(faults=(delay_calls(2.5), delay_calls(0.5))), "")
    assert answered(service, request(body(item()))).delay == 3


def test_a_refused_metric_stands_in_errors_and_the_others_are_stored(service):
    answer = answered(
        service, request(body(item(value="NaN"), item(value=0.5), item(value="Infinity")))
    )
    assert answer.status == 200
    assert json.loads(answer.body) == {
        "Errors": [
            {"Code": "VALIDATION_ERROR", "MetricIndex": 0},
            {"Code": "VALIDATION_ERROR", "MetricIndex": 2},
        ]
    }
    [component] = service.components()
    assert component.count == 1


def test_a_malformed_request_stores_nothing(service):
    answer = answered(service, request(body(item(), item(step=-1))))
    assert answer.status == 400
    assert answer.headers["x-amzn-ErrorType"] == "ValidationException"
    assert json.loads(answer.body)["message"].startswith("1 validation error detected: ")
    assert service.components() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/BatchPutMetrics"),
        ("PUT", "/"),
        ("PUT", ""),
        ("PUT", "/BatchPutMetrics/"),
        ("POST", "/Nope"),
        ("put", "/BatchPutMetrics"),
    ],
)
def test_another_method_or_path_is_an_unknown_operation(service, method, path):
    answer = answered(service, request(body(item()), method=method, path=path))
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    message = json.loads(answer.body)["message"]
    assert message.startswith(
        f"{method} {path} is no operation of the service; BatchPutMetrics is "
    )
    assert service.components() == []
    assert (service.calls[0].operation, service.calls[0].error_code) == (
        None,
        "UnknownOperationException",
    )


@pytest.mark.parametrize(
    ("path", "operations"),
    [
        ("/BatchPutMetrics", "BatchPutMetrics is PUT /BatchPutMetrics"),
        ("/BatchGetMetrics", "BatchGetMetrics is POST /BatchGetMetrics"),
        (
            "/Batch",
            "BatchPutMetrics is PUT /BatchPutMetrics, BatchGetMetrics is POST /BatchGetMetrics",
        ),
    ],
)
def test_the_message_names_the_operation_of_the_path_or_all(service, path, operations):
    answer = answered(service, request(b"{}", method="GET", path=path))
    message = f"GET {path} is no operation of the service; {operations}"
    assert json.loads(answer.body) == {"message": message}


@given(st.text(max_size=20), st.text(max_size=20), st.binary(max_size=50))
def test_whatever_arrives_is_answered(method, path, content):
    service = Service(Settings(), "")
    answer = answered(service, request(content, method=method, path=path))
    assert answer.status in {400, 404}
    assert json.loads(answer.body)["message"]
    assert uuid.UUID(answer.headers["x-amzn-RequestId"])


def request_ids(settings, node_id, attempts=3):
    service = Service(settings, node_id)
    return [
        answered(service, request(body(item()))).headers["x-amzn-RequestId"]
        for _ in range(attempts)
    ]


def test_request_ids_are_uuids_that_depend_on_seed_node_id_and_ordinal():
    ids = request_ids(Settings(), "test_a")
    assert ids == request_ids(Settings(), "test_a")
    assert [uuid.UUID(request_id).version for request_id in ids] == [4, 4, 4]
    everything = {
        *ids,
        *request_ids(Settings(seed=1), "test_a"),
        *request_ids(Settings(), "test_b"),
    }
    assert len(everything) == 9


def test_request_ids_count_the_attempts_from_the_first(service):
    id_of = journal.request_ids("0/tests/test_train.py::test_loss")
    ids = [answered(service, one).headers["x-amzn-RequestId"] for one in [request(b"{}")] * 3]
    assert ids == [id_of(0), id_of(1), id_of(2)]
    numbers = [int(request_id[-12:], 16) for request_id in ids]
    assert numbers == [numbers[0], (numbers[0] + 1) % 2**48, (numbers[0] + 2) % 2**48]
    assert id_of(2**48) == id_of(0)


def test_after_a_reset_ids_begin_anew(service):
    first = answered(service, request(body(item()))).headers
    service.reset()
    assert service.calls == []
    assert service.components() == []
    assert answered(service, request(body(item()))).headers == first


def test_ten_threads_lose_and_double_nothing():
    service = Service(Settings(metric_limit=4_000), "")
    start = threading.Barrier(10)

    def log(thread):
        start.wait()
        for step in range(100):
            answered(
                service, request(body(*[item(f"m{thread}", index, step) for index in range(5)]))
            )

    threads = [threading.Thread(target=log, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [component] = service.components()
    assert len(service.calls) == 1_000
    assert component.count == 4_000
    assert sum(len(call.refused) for call in service.calls) == 1_000
    assert len({call.request_id for call in service.calls}) == 1_000
    assert sorted(
        arrival for columns in service.series(component).values() for arrival in columns.arrivals
    ) == list(range(4_000))


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
    ],
)
def test_arns(region, partition):
    arn = trial_component_arn(region, "123456789012", "run-1")
    assert (
        arn == f"arn:{partition}:sagemaker:{region}:123456789012:experiment-trial-component/run-1"
    )


def test_an_answer_has_a_date_and_a_length(service):
    for one in (request(body(item())), request(b"no JSON")):
        answer = answered(service, one)
        assert answer.headers["Date"] == "Tue, 01 Sep 2026 12:00:00 GMT"
        assert answer.headers["Content-Length"] == str(len(answer.body))


def nested(levels):
    return body(item(), run="run-1")[:-1] + b', "x": ' + b"[" * levels + b"]" * levels + b"}"


def deep_in_the_stack(function, frames=None):
    """Call a function with a hundred frames left."""
    if frames is None:
        frames = sys.getrecursionlimit() - len(inspect.stack(0)) - 100
    return deep_in_the_stack(function, frames - 1) if frames else function()


def test_what_was_accepted_can_be_read_from_everywhere(service):
    for levels in (700, 900):
        assert answered(service, request(nested(levels))).status == 200
    for call in service.calls:
        assert deep_in_the_stack(lambda call=call: len(call.parameters)) == 3


def test_a_body_that_is_nested_too_deeply_is_rejected(service):
    answer = answered(service, request(nested(100_000)))
    assert (answer.status, service.components()) == (400, [])
    assert "nested too deeply" in json.loads(answer.body)["message"]


def test_a_call_knows_its_process(service):
    answered(service, request(body(item())))
    answered(service, request(body(item()))._replace(process_id=7, thread_name="uploader"))
    assert [call.process_id for call in service.calls] == [os.getpid(), 7]
    assert [call.thread_name for call in service.calls] == ["", "uploader"]


def test_only_the_call_whose_answer_is_lost_says_so(service):
    ids = [answered(service, request(body(item()))).headers["x-amzn-RequestId"] for _ in range(3)]
    service.lose_answer(ids[1])
    service.lose_answer("another id")
    assert [call.error_code for call in service.calls] == [None, "ConnectionAbortedError", None]
    lost = service.calls[1]
    assert (lost.status_code, lost.response, lost.errors) == (None, None, [])


def test_a_rejected_metric_of_a_call_whose_answer_is_lost_is_in_no_errors(service):
    answer = answered(service, request(body(item(value="NaN"))))
    assert service.calls[0].errors
    service.lose_answer(answer.headers["x-amzn-RequestId"])
    assert (service.calls[0].errors, len(service.calls[0].refused)) == ([], 1)


@pytest.mark.parametrize("child_processes", ["refuse", "answer"])
def test_in_a_forked_child_every_call_raises_an_error(child_processes):
    service = Service(Settings(child_processes=child_processes), "")
    service.require_original()
    service.after_fork()
    with pytest.raises(UnmockedCallError, match="BatchPutMetrics was called in process") as raised:
        answered(service, request(body(item())))
    assert (raised.value.operation, raised.value.trial_component) == ("BatchPutMetrics", "run-1")
    with pytest.raises(UnmockedCallError, match="None was called in process"):
        answered(service, request(body(item()), path="/Nope"))
    assert service.calls == []


def test_a_copy_in_a_forked_child_refers_to_the_process_that_answers():
    service = Service(Settings(child_processes="answer"), "")
    service.after_fork()
    why = f"which was forked from process {os.getppid()} while the mock was on there"
    with pytest.raises(RuntimeError, match=why) as raised:
        service.require_original()
    assert raised.traceback.filter(raised)[-1].path == Path(__file__)
    refusing = Service(Settings(child_processes="refuse"), "")
    refusing.after_fork()
    refusing.require_original()


def test_the_summaries_of_a_trial_component_by_its_name_and_by_its_arn(service):
    answered(service, request(body(item("loss", 0.5), item("loss", 1.5), item("accuracy"))))
    arn = trial_component_arn("us-east-1", "123456789012", "run-1")
    for name_or_arn in ("run-1", arn):
        loss, accuracy = service.summaries(name_or_arn, "us-east-1")
        assert (loss["MetricName"], loss["SourceArn"], loss["Avg"]) == ("loss", arn, 1.0)
        assert (accuracy["MetricName"], accuracy["Count"]) == ("accuracy", 1)
    assert service.summaries("run-2", "us-east-1") == []
    assert service.summaries("run-1", "eu-west-1") == []
    elsewhere = trial_component_arn("us-east-1", "999999999999", "run-1")
    assert service.summaries(elsewhere, "us-east-1") == []


@pytest.mark.parametrize(("known", "timeouts"), [(0, []), (1, [0.25])])
def test_it_waits_for_an_arrival_only_if_none_has_come_since(service, monkeypatch, known, timeouts):
    waited = []
    monkeypatch.setattr(threading.Condition, "wait", lambda _, timeout: waited.append(timeout))
    answered(service, request(body(item())))
    service.wait_for_arrival(known, 0.25)
    assert waited == timeouts
