"""The changes that CONTRIBUTING.md describes work, each made on a copy of the package."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_sm_metrics

ROOT = Path(__file__).parents[1]
PACKAGE = Path(pytest_sm_metrics.__file__).parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MOST_FILES = 3

PREAMBLE = """
import json
import socket
import sys
from datetime import datetime, timezone

import boto3
from botocore.exceptions import ClientError

import pytest_sm_metrics
from pytest_sm_metrics import RULES, mock_sm_metrics

assert pytest_sm_metrics.__file__.startswith(sys.argv[1]), pytest_sm_metrics.__file__


def connect(*_):
    raise OSError("a test tried to open a connection")


socket.socket.connect = connect
client = boto3.session.Session().client("sagemaker-metrics", region_name="us-east-1")
RULE_IDS = [rule.id for rule in RULES]


def metric(name="loss", step=0):
    return {"MetricName": name, "Timestamp": datetime.now(timezone.utc), "Step": step, "Value": 1.0}


def put(*metrics):
    return client.batch_put_metrics(TrialComponentName="run-1", MetricData=list(metrics))["Errors"]


def error_of(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        return error
    raise AssertionError(f"{function} raised nothing")


"""


class Copy:
    """A copy of the package, and what is changed in it."""

    def __init__(self, root):
        self._root = root
        self._package = root / PACKAGE.name
        shutil.copytree(PACKAGE, self._package, ignore=shutil.ignore_patterns("__pycache__"))

    def insert_before(self, file, anchor, text):
        """Insert a text before another one, which the file has once."""
        path = self._package / file
        source = path.read_text(encoding="utf-8")
        found = source.count(anchor)
        assert found == 1, (
            f"{file} has {anchor!r} {found} times, not once: this test inserts there, and "
            "CONTRIBUTING.md describes the change"
        )
        path.write_text(source.replace(anchor, text + anchor), encoding="utf-8")

    def append(self, file, text):
        """Add a text at the end of a module."""
        path = self._package / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def create(self, file, text):
        """Write a new module."""
        path = self._package / file
        assert not path.exists(), f"the package has {file} already: take another name here"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def changed(self):
        """Return the files that differ. The docstring that makes a folder a package is none."""
        files = (path.relative_to(self._package) for path in self._package.rglob("*.py"))
        return {file.as_posix() for file in files if self._differs(file)}

    def _differs(self, file):
        copy, original = self._package / file, PACKAGE / file
        if original.exists():
            return not filecmp.cmp(copy, original, shallow=False)
        return file.name != "__init__.py" or copy.read_text(encoding="utf-8").count("\n") > 1

    def run(self, script):
        """Run a script with the copy, and a client that is outside of any mock at first."""
        result = self._python("-c", PREAMBLE + script, str(self._package))
        assert result.returncode == 0, result.stderr

    def run_pytest(self, test, **options):
        """Run a test with the copy as pytest's plugin, and with ini options."""
        lines = [f"sm_metrics_{name} = {value}" for name, value in options.items()]
        ini = self._root / "pytest.ini"
        ini.write_text("\n".join(["[pytest]", *lines]), encoding="utf-8")
        path = self._root / "test_it.py"
        path.write_text(test, encoding="utf-8")
        plugins = ("cacheprovider", "xdist", "asyncio", "ddtrace", "randomly")
        without = [f"-pno:{name}" for name in plugins]
        return self._python("-m", "pytest", "-c", str(ini), *without, str(path))

    def _python(self, *arguments):
        environment = {
            **os.environ,
            "PYTHONPATH": str(self._root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_ADDOPTS": "",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
        }
        utcnow = "ignore:datetime.datetime.utcnow:DeprecationWarning"  # of older botocores
        return subprocess.run(
            [sys.executable, "-W", "error", "-W", utcnow, *arguments],
            env=environment,
            cwd=self._root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def package(tmp_path):
    return Copy(tmp_path)


def described(change):
    """Return the files of the package, and those of the tests, that CONTRIBUTING.md names."""
    rows = re.findall(rf"^\| {change} \| (.*) \| (.*) \|$", CONTRIBUTING, re.MULTILINE)
    assert len(rows) == 1, f"CONTRIBUTING.md has {len(rows)} rows for {change!r}"
    return tuple(set(re.findall(r"`([\w/<>]+\.py)`", cell)) for cell in rows[0])


def assert_as_described(package, change, **placeholders):
    """Assert that the changed files are those that CONTRIBUTING.md names, and are few."""
    in_package, in_tests = described(change)
    files = package.changed()
    assert len(files) <= MOST_FILES, files
    for name, value in placeholders.items():
        in_package = {file.replace(f"<{name}>", value) for file in in_package}
    assert files == in_package
    assert in_tests, f"CONTRIBUTING.md names no test for {change!r}"
    missing = [file for file in in_tests if not (ROOT / file.split("<")[0]).exists()]
    assert not missing


MEMBER_RULE = """
    _of.constraint(
        "MetricName",
        "first-character",
        "Member must not begin with a space",
        _RAW,
        lambda column: not any(name.startswith(" ") for name in column),
    ),
"""

USE_MEMBER_RULE = """
with mock_sm_metrics() as sm_metrics:
    for _ in range(2):
        error = error_of(put, metric(), metric(" loss"))
        assert error.response["Error"]["Code"] == "ValidationException"
        assert (
            "Value ' loss' at 'metricData.2.member.metricName' failed to satisfy constraint: "
            "Member must not begin with a space"
        ) in str(error)
        assert "run-1" not in sm_metrics
    assert put(metric("the loss")) == []
assert "MetricName.first-character" in RULE_IDS
"""


def test_a_rule_about_a_member(package):
    package.insert_before("service/put_metrics/rules.py", "    *METRIC_RULES,\n", MEMBER_RULE)
    package.run(USE_MEMBER_RULE)
    assert_as_described(package, "a rule about a member of a request")


METRIC_RULE = """
    Rule(
        "MetricName.reserved",
        OPERATION,
        "MetricName",
        "The MetricName does not begin with aws:",
        _INVALID,
        "assumed",
        UNPUBLISHED,
        code="VALIDATION_ERROR",
        refuses=lambda submission, _: [
            index
            for index, name in enumerate(submission.metrics.names)
            if name.startswith("aws:")
        ],
        explain=lambda submission, index: (
            f"MetricName {submission.metrics.names[index]!r} begins with aws:"
        ),
    ),
"""

AFTER_METRIC_RULES = """)
\"\"\"The rules about single metrics."""

USE_METRIC_RULE = """
with mock_sm_metrics() as sm_metrics:
    for _ in range(2):
        errors = put(metric("aws:cpu"), metric("loss"))
        assert errors == [{"Code": "VALIDATION_ERROR", "MetricIndex": 0}], errors
    assert [one.reason for one in sm_metrics.rejected] == [
        "MetricName 'aws:cpu' begins with aws:"
    ] * 2
    assert sm_metrics.rejected[0].rule.id == "MetricName.reserved"
    assert list(sm_metrics["run-1"]) == ["loss"]
assert "MetricName.reserved" in RULE_IDS
"""


def test_a_rule_about_single_metrics(package):
    package.insert_before("service/put_metrics/rules.py", AFTER_METRIC_RULES, METRIC_RULE)
    package.run(USE_METRIC_RULE)
    assert_as_described(package, "a rule about single metrics")


OPERATION_RULES = '''"""The rules of CountMetrics."""

from __future__ import annotations

from ..rule import UNPUBLISHED, MemberRules, Rule

_of = MemberRules("CountMetrics")

COUNT_RULES: tuple[Rule, ...] = (
    _of.string("TrialComponentName"),
    _of.required("TrialComponentName", UNPUBLISHED),
)
'''

OPERATION = '''"""The operation CountMetrics: it counts the metrics of a trial component."""

from __future__ import annotations

import json
from typing import NamedTuple

from ..arns import trial_component_arn
from ..operation import Operation
from ..parsing import Member, check_constraints, check_types, read_object
from .rules import COUNT_RULES

_NAME = Member(COUNT_RULES, "TrialComponentName", "trialComponentName")


class CountMetricsRequest(NamedTuple):
    name: str
    columns = {}

    def described(self, whole):
        return [self.name]


class Count(NamedTuple):
    count: int
    errors = []
    refused = ()
    summary = ""

    @property
    def body(self):
        return json.dumps({"Count": self.count}).encode()


class CountMetrics(Operation):
    name = "CountMetrics"
    method = "POST"
    path = "/CountMetrics"
    item = "trial component"
    rules = COUNT_RULES

    def parse(self, body):
        column = {_NAME: [read_object(body).get("TrialComponentName")]}
        check_types(column)
        check_constraints(column)
        return CountMetricsRequest(column[_NAME][0])

    def trial_component(self, body, parsed):
        return parsed.name if parsed else None

    def resource(self, call, account_id, wanted):
        return trial_component_arn(call.region, account_id, call.trial_component or "*")

    def perform(self, call, parsed, store, injected):
        return Count(store.find(parsed.name, call.region).count)
'''

USE_OPERATION = """
description = client.meta.service_model._service_description
description["operations"]["CountMetrics"] = {
    "name": "CountMetrics",
    "http": {"method": "POST", "requestUri": "/CountMetrics"},
    "input": {"shape": "CountMetricsRequest"},
    "output": {"shape": "CountMetricsResponse"},
}
name, count = {"shape": "ExperimentEntityName"}, {"shape": "Step"}
description["shapes"].update(
    CountMetricsRequest={"type": "structure", "members": {"TrialComponentName": name}},
    CountMetricsResponse={"type": "structure", "members": {"Count": count}},
)


def count_metrics(**parameters):
    return client._make_api_call("CountMetrics", parameters)


with mock_sm_metrics() as sm_metrics:
    put(metric(), metric("accuracy"))
    answer = count_metrics(TrialComponentName="run-1")
    assert answer["Count"] == 2, answer
    assert sm_metrics.calls[-1].response == {"Count": 2}
    sm_metrics.assert_called("CountMetrics", "run-1", times=1)
    error = error_of(count_metrics)
    assert error.response["Error"]["Code"] == "ValidationException", error
    fault = sm_metrics.fail_calls(
        "AccessDeniedException", operation="CountMetrics", trial_component="run-1"
    )
    error = error_of(count_metrics, TrialComponentName="run-1")
    assert "is not authorized to perform: sagemaker:CountMetrics on resource" in str(error), error
    put(metric())
    assert fault.hits == 1
    error = error_of(sm_metrics.fail_calls, "ThrottlingException", operation="CountMetric")
    assert "CountMetrics" in str(error), error
    sm_metrics.to_dict()
assert "TrialComponentName.required" in RULE_IDS
assert {rule.operation for rule in RULES} >= {"BatchPutMetrics", "CountMetrics"}
"""


def test_an_operation(package):
    folder = "service/count_metrics"
    package.create(f"{folder}/__init__.py", '"""CountMetrics: its requests and its rules."""\n')
    package.create(f"{folder}/rules.py", OPERATION_RULES)
    package.create(f"{folder}/operation.py", OPERATION)
    file = "service/operations.py"
    imported = "from .count_metrics.operation import CountMetrics\n"
    package.insert_before(file, "from .get_metrics.operation import", imported)
    package.insert_before(file, "BatchGetMetrics())", "CountMetrics(), ")
    package.run(USE_OPERATION)
    assert_as_described(package, "an operation", name="count_metrics")


SETTING = """
    "longest_metric_name": Setting(
        None,
        _LIMIT,
        "characters that a MetricName may have; past it: VALIDATION_ERROR",
        "int",
    ),
"""

RULE_OF_SETTING = """
    Rule(
        "MetricName.longest",
        OPERATION,
        "MetricName",
        "The MetricName has at most longest_metric_name characters",
        _INVALID,
        "assumed",
        UNPUBLISHED,
        setting="longest_metric_name",
        code="VALIDATION_ERROR",
        refuses=lambda submission, _: [
            index
            for index, name in enumerate(submission.metrics.names)
            if len(name) > submission.settings.longest_metric_name
        ],
        explain=lambda submission, index: (
            f"MetricName has {len(submission.metrics.names[index])} characters, and "
            f"longest_metric_name={submission.settings.longest_metric_name}"
        ),
    ),
"""

USE_SETTING = """
with mock_sm_metrics() as sm_metrics:
    assert put(metric("accuracy")) == []
with mock_sm_metrics(longest_metric_name=4) as sm_metrics:
    for _ in range(2):
        errors = put(metric("loss"), metric("accuracy"))
        assert errors == [{"Code": "VALIDATION_ERROR", "MetricIndex": 1}], errors
    reason = sm_metrics.rejected[0].reason
    assert reason == "MetricName has 8 characters, and longest_metric_name=4", reason
error = error_of(mock_sm_metrics, longest_metric_name=-1)
assert isinstance(error, ValueError), error
assert str(error) == (
    "setting longest_metric_name is -1; accepted is None, or a whole number from 0."
), error
"""

TEST_OF_SETTING = """
from datetime import datetime, timezone

import boto3
import pytest

CLIENT = boto3.session.Session().client("sagemaker-metrics", region_name="us-east-1")


def put():
    metric = {"MetricName": "loss", "Timestamp": datetime.now(timezone.utc), "Value": 1.0}
    return CLIENT.batch_put_metrics(TrialComponentName="run-1", MetricData=[metric])["Errors"]


def test_ini_option(sm_metrics):
    assert put()
    reason = sm_metrics.rejected[0].reason
    assert reason == "MetricName has 4 characters, and longest_metric_name=3"


@pytest.mark.sm_metrics(longest_metric_name=4)
def test_marker(sm_metrics):
    assert put() == []
"""


def test_a_setting(package):
    package.insert_before("settings.py", '    "seed": Setting(', SETTING)
    for file in ("settings.py", "settings_keywords.py"):
        package.insert_before(file, "    seed: int\n", "    longest_metric_name: int | None\n")
    package.insert_before("service/put_metrics/rules.py", AFTER_METRIC_RULES, RULE_OF_SETTING)
    package.run(USE_SETTING)
    result = package.run_pytest(TEST_OF_SETTING, longest_metric_name=3)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout
    result = package.run_pytest(TEST_OF_SETTING, longest_metric_name=-1)
    assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout
    message = "ini option sm_metrics_longest_metric_name is '-1'; accepted is a whole number from 0"
    assert message in result.stderr
    assert_as_described(package, "a setting")


FAULT = '''

class Denial(Fault):
    """A fault that denies calls by a policy of the organization."""

    kind = "deny_calls"
    stage = Stage.CALL
    stored = False

    def outcome(self, operation: str | None, resource: str, caller: str) -> Outcome:
        """Return how a call of an operation ends that a caller makes for a resource."""
        message = f"{caller} may not call {operation} on {resource}: explicit deny in {self.effect}"
        return Failure(403, "AccessDeniedException", message)
'''

FUNCTION = '''def deny_calls(
    policy: str, *, trial_component: Filter[str] = None, times: int | None = None
) -> Fault:
    """Deny calls by a policy of the organization."""
    __tracebackhide__ = True
    check("policy", policy, isinstance(policy, str), "the name of a policy")
    return Denial(policy, {"trial_component": trial_component}, Schedule(times))


'''

USE_FAULT = """
from pytest_sm_metrics import Fault, deny_calls

with mock_sm_metrics() as sm_metrics:
    fault = sm_metrics.deny_calls("no-metrics", trial_component="run-1", times=1)
    error = error_of(put, metric())
    assert error.response["Error"]["Code"] == "AccessDeniedException", error
    assert "may not call BatchPutMetrics on arn:aws:sagemaker:us-east-1:" in str(error), error
    assert "run-1: explicit deny in no-metrics" in str(error), error
    assert put(metric()) == []
    assert (fault.matches, fault.hits) == (2, 1), fault
    assert sm_metrics.calls[0].faults == (fault,)
    assert sm_metrics["run-1"]["loss"].values == [1.0]
    assert "policy is 3; accepted is the name of a policy." in str(error_of(deny_calls, 3))

template = deny_calls("no-metrics")
assert isinstance(template, Fault)
for _ in range(2):
    with mock_sm_metrics(faults=[template]) as sm_metrics:
        error_of(put, metric())
        assert [fault.hits for fault in sm_metrics.faults] == [1]


def leave_unused():
    with mock_sm_metrics(faults=[template]):
        pass


message = str(error_of(leave_unused))
assert message.startswith("a fault never fired: deny_calls('no-metrics')"), message
assert "no SageMaker Metrics call has reached the mock" in message, message
"""


def test_a_kind_of_fault(package):
    package.append("service/faults/kinds.py", FAULT)
    imported = "from .service.faults.kinds import Denial\n"
    package.insert_before("faults.py", "from .service.operations import", imported)
    package.insert_before("faults.py", "def _call_filters(", FUNCTION)
    package.insert_before(
        "faults.py", "    fail_calls = _in_force(", "    deny_calls = _in_force(deny_calls)\n"
    )
    package.insert_before("__init__.py", "fail_calls, fail_metrics, fail_queries\n", "deny_calls, ")
    package.insert_before("__init__.py", '"fail_calls", "fail_metrics"', '"deny_calls", ')
    package.insert_before("__init__.py", '    "fail_calls",\n', '    "deny_calls",\n')
    package.run(USE_FAULT)
    assert_as_described(package, "a kind of fault")


CHECK = '''

def check_steps_ascend(
    service: Service, trial_component: str, metric_name: str, region: str | None
) -> str | None:
    """Return None if the Steps of a metric ascend in each region, otherwise the message."""
    for component in service.components():
        columns = service.series(component).get(metric_name)
        is_asked_for = component.name == trial_component and region in (None, component.region)
        if columns is None or not is_asked_for:
            continue
        steps = MetricSeries(metric_name, columns).steps
        for earlier, later in zip(steps, steps[1:], strict=False):
            if later <= earlier:
                head = f"the steps of {metric_name!r} of {trial_component!r} do not ascend"
                return joined(head, [f"step {later} arrived after step {earlier}"])
    return None
'''

METHOD = '''    def assert_steps_ascend(
        self, trial_component: str, metric_name: str, *, region: str | None = None
    ) -> None:
        """Assert that each metric of a name has a larger Step than the one before it."""
        __tracebackhide__ = True
        check = partial(
            assertions.check_steps_ascend, self._service, trial_component, metric_name, region
        )
        assertions.verify(self._service, check, None)

'''

USE_ASSERTION = """
with mock_sm_metrics() as sm_metrics:
    put(metric(step=0), metric(step=2))
    put(metric("accuracy", step=0))
    sm_metrics.assert_steps_ascend("run-1", "loss")
    put(metric(step=1))
    error = error_of(sm_metrics.assert_steps_ascend, "run-1", "loss", region="us-east-1")
    assert isinstance(error, AssertionError), error
    assert "the steps of 'loss' of 'run-1' do not ascend\\n" in str(error), error
    assert "step 1 arrived after step 2" in str(error), error
    sm_metrics.assert_steps_ascend("run-1", "loss", region="eu-west-1")
    sm_metrics.assert_steps_ascend("run-1", "accuracy")
"""


def test_an_assertion(package):
    package.append("asserting/assertions.py", CHECK)
    package.insert_before("mock.py", "    def __repr__(self) -> str:\n", METHOD)
    package.run(USE_ASSERTION)
    assert_as_described(package, "an assertion")


def test_a_missing_anchor_is_reported(package):
    with pytest.raises(AssertionError, match=r"mock\.py has 'no such text' 0 times, not once"):
        package.insert_before("mock.py", "no such text", "")
    assert package.changed() == set()
