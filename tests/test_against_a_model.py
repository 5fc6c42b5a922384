"""The mock against a naive model, over all that a test can do, in any order."""

from __future__ import annotations

import math
from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.aws.active import active

from .requests import body, get_request, item, query, request

LIMIT = 3
RUNS = st.sampled_from(["run-1", "run-2"])
REGIONS = st.sampled_from(["us-east-1", "eu-west-1"])
NAMES = st.sampled_from(["loss", "acc"])
STEPS = st.none() | st.integers(0, 3)
VALUES = st.sampled_from([0.0, 0.5, -1.0, 3.0, math.nan, math.inf])
TIMES = st.integers(1788264000, 1788264003)
METRICS = st.lists(st.tuples(NAMES, STEPS, VALUES, TIMES), min_size=1, max_size=4)
CODES = st.sampled_from(["CONFLICT_ERROR", "INTERNAL_ERROR"])
ERRORS = st.sampled_from(["ThrottlingException", "InternalFailure", "ConnectionReset"])


class Model:
    """The state of a service that is written without care for speed."""

    def __init__(self):
        self.metrics = defaultdict(list)
        """Name, Step and Value by region and run, in order of arrival."""
        self.known = {}
        """Region and run, in order of first arrival."""
        self.rejected = []
        self.calls = []
        """The status of each call."""
        self.call_faults = []
        """The hits that are left, and whether the data is stored."""
        self.metric_faults = []

    def put(self, region, run, metrics):
        fault = next((one for one in self.call_faults if one["left"]), None)
        if fault:
            fault["left"] -= 1
            self.calls.append(fault["status"])
            if not fault["stored"]:
                return None
        else:
            self.calls.append(200)
        errors = {}
        for index, (name, _, _, _) in enumerate(metrics):
            for one in self.metric_faults:
                if one["name"] == name and one["left"]:
                    one["left"] -= 1
                    errors[index] = one["code"]
                    break
        held = self.metrics[region, run]
        for index, (name, step, value, _) in enumerate(metrics):
            if index in errors:
                continue
            if not math.isfinite(value):
                errors[index] = "VALIDATION_ERROR"
            elif len(held) >= LIMIT:
                errors[index] = "METRIC_LIMIT_EXCEEDED"
            else:
                held.append((name, step, value))
                self.known[region, run] = None
        self.rejected += [errors[index] for index in sorted(errors)]
        return None if fault else errors

    def count(self, region, run, name):
        counts = defaultdict(int)
        for one, step, _ in self.metrics[region, run]:
            if one == name and step is not None:
                counts[step] += 1
        return sorted(counts.items())


class Machine(RuleBasedStateMachine):
    faults = Bundle("faults")

    @initialize()
    def activate(self):
        self.activation = mock_sm_metrics(metric_limit=LIMIT, unused_faults="ignore")
        self.mock = self.activation.start()
        self.service = self.mock._service
        self.model = Model()

    @rule(region=REGIONS, run=RUNS, metrics=METRICS)
    def put(self, region, run, metrics):
        items = [
            item(name, _sent(value), ... if step is None else step, time)
            for name, step, value, time in metrics
        ]
        answer = self.service.answer(request(body(*items, run=run), region=region))
        expected = self.model.put(region, run, metrics)
        if expected is not None:
            errors = {one["MetricIndex"]: one["Code"] for one in self.mock.calls[-1].errors}
            assert errors == expected
            assert answer.status == 200

    @precondition(lambda self: not any(one["left"] for one in self.model.call_faults))
    @rule(region=REGIONS, run=RUNS, name=NAMES)
    def count(self, region, run, name):
        asked = query(name, "Count", run=run, region=region)
        self.service.answer(get_request(asked))
        self.model.calls.append(200)
        [result] = self.mock.calls[-1].response["MetricQueryResults"]
        found = list(zip(result["XAxisValues"], result["MetricValues"], strict=True))
        assert found == self.model.count(region, run, name)

    @rule(region=REGIONS, run=RUNS)
    def create(self, region, run):
        self.service.create_trial_component(run, region)
        self.model.known.setdefault((region, run))

    @rule(region=REGIONS, run=RUNS)
    def delete(self, region, run):
        self.service.delete_trial_component(run, region)
        self.model.known.pop((region, run), None)
        self.model.metrics[region, run].clear()

    @rule(target=faults, error=ERRORS, times=st.integers(1, 2), stored=st.booleans())
    def fail_calls(self, error, times, stored):
        fault = self.mock.fail_calls(error, operation="BatchPutMetrics", times=times, stored=stored)
        status = {"ThrottlingException": 400, "InternalFailure": 500}.get(error)
        twin = {"left": times, "status": status, "stored": stored}
        self.model.call_faults.append(twin)
        return fault, twin

    @rule(target=faults, code=CODES, name=NAMES, times=st.integers(1, 3))
    def fail_metrics(self, code, name, times):
        fault = self.mock.fail_metrics(code, metric_name=name, times=times)
        twin = {"left": times, "code": code, "name": name}
        self.model.metric_faults.append(twin)
        return fault, twin

    @rule(fault=faults)
    def remove(self, fault):
        ours, twin = fault
        ours.remove()
        twin["left"] = 0

    @rule()
    def reset(self):
        self.mock.reset()
        for one in (*self.model.call_faults, *self.model.metric_faults):
            one["left"] = 0
        self.model = Model()

    @rule(region=REGIONS, run=RUNS, metrics=METRICS)
    def undo(self, region, run, metrics):
        """Put metrics, and restore the state before, as an example of Hypothesis does."""
        before = self.mock.to_dict()
        restore = self.mock._snapshot()
        items = [item(name, _sent(value), step or 0) for name, step, value, _ in metrics]
        self.service.answer(request(body(*items, run=run), region=region))
        self.mock.cloudtrail.create_trail("audit-trail")
        restore()
        assert self.mock.to_dict() == before

    @invariant()
    def reading_shows_what_the_model_holds(self):
        if not hasattr(self, "model"):
            return
        held = {key: metrics for key, metrics in self.model.metrics.items() if metrics}
        shown = {
            (one.region, one.name): [(m.metric_name, m.step, m.value) for m in one.metrics]
            for one in self.mock.trial_components
            if len(one.metrics)
        }
        assert shown == held
        assert set(self.mock) == {run for _, run in held}
        assert [call.status_code for call in self.mock.calls] == self.model.calls
        assert [one.code for one in self.mock.rejected] == self.model.rejected

    def teardown(self):
        if hasattr(self, "mock"):
            self.activation.stop()
        assert active.stack == []


def _sent(value):
    return {math.inf: "Infinity"}.get(value, "NaN" if value != value else value)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
