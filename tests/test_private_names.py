"""The private and undocumented names of other libraries that the package needs.

CONTRIBUTING.md lists them: what each is for, and why no public name does. An upgrade that changes
one turns its test red here.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import re
import sys
import threading
import types
import unittest
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import botocore.awsrequest
import botocore.configprovider
import botocore.credentials
import botocore.endpoint
import botocore.exceptions
import botocore.handlers
import botocore.hooks
import botocore.retries.bucket
import botocore.retries.quota
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

import pytest_sm_metrics

ROOT = Path(__file__).parents[1]
PACKAGE = Path(pytest_sm_metrics.__file__).parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
METRICS = {
    "TrialComponentName": "run-1",
    "MetricData": [{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}],
}


class Check(NamedTuple):
    """One row of the table, and what its test asserts."""

    places: tuple[str, ...]
    """The modules that need the name."""
    needs: str | None
    """A library that may be missing."""
    check: Callable[[Any], None]
    """Asserts that the names have the shape that we need; gets the running test."""


CHECKS: dict[str, Check] = {}


def needed_in(*places, needs=None):
    """Register a check under the name of its function."""

    def register(check):
        CHECKS[check.__name__] = Check(places, needs, check)
        return check

    return register


def is_method(owner, *names):
    """Return True if a class has methods of all these names."""
    return all(inspect.isfunction(getattr(owner, name, None)) for name in names)


# pytest


@needed_in("plugin/options.py")
def ini_as_written(item):
    written = getattr(item.config, "_inicfg", None)
    written = item.config.inicfg if written is None else written
    assert isinstance(written, dict)
    values = [getattr(value, "value", value) for value in written.values()]
    assert all(isinstance(value, (str, list, bool, int, float)) for value in values), values


@needed_in("plugin/options.py")
def overridden_ini(item):
    given = item.config.getoption("override_ini")
    assert given is None or all("=" in one for one in given)


@needed_in("plugin/options.py")
def early_arguments(item):
    assert hasattr(item.config.known_args_namespace, "sm_metrics_mode")


@needed_in("plugin/asking.py", "plugin/results.py", "plugin/fixtures.py")
def fixture_manager(item):
    definitions = item.session._fixturemanager.getfixturedefs("sm_metrics", item)
    assert [one.argname for one in definitions] == ["sm_metrics"]
    assert item.session._fixturemanager.getfixturedefs("no_such_fixture", item) is None


@needed_in("plugin/running.py")
def skip_at_the_test(item):
    skip = pytest.skip.Exception("why", _use_item_location=True)
    assert str(skip) == "why"
    assert skip._use_item_location is True


@needed_in("plugin/each_fault.py")
def names_of_a_parametrized_test(item):
    assert isinstance(pytest.Metafunc.__init__, types.FunctionType)
    source = inspect.getsource(pytest.Metafunc)
    assert "self.fixturenames = fixtureinfo.names_closure" in source
    assert "arg not in self.fixturenames" in source
    assert isinstance(item._fixtureinfo.names_closure, list)


@needed_in("plugin/each_fault.py")
def class_of_a_node(item):
    unittest_case = importlib.import_module("_pytest.unittest").UnitTestCase
    assert issubclass(unittest_case, pytest.Class)
    assert isinstance(inspect.getattr_static(pytest.Class, "obj"), property)
    assert inspect.getattr_static(pytest.Class, "obj").fset is not None


@needed_in("plugin/fixtures.py")
def fixture_registration(item):
    if hasattr(pytest, "register_fixture"):
        needed = {"name", "func", "node", "scope"}
        register = pytest.register_fixture
    else:
        needed = {"name", "func", "nodeid", "scope"}
        register = item.session._fixturemanager._register_fixture
    assert needed <= inspect.signature(register).parameters.keys()


@needed_in("plugin/asking.py", "plugin/fixtures.py")
def fixture_definition(item):
    [definition] = item.session._fixturemanager.getfixturedefs("sm_metrics", item)
    assert definition.func.__module__ == "pytest_sm_metrics.plugin.fixtures"
    assert definition.argnames == ("_sm_metrics_mock",)
    assert definition.scope == "function"


@needed_in("plugin/asking.py")
def fixtures_of_a_test(item):
    [definition] = item._fixtureinfo.name2fixturedefs["request_of_the_test"]
    assert definition.argname == "request_of_the_test"
    assert "name" in item._fixtureinfo.argnames


@needed_in("plugin/asking.py")
def order_of_fixtures(item):
    names = item.fixturenames
    assert isinstance(names, list)
    assert "request_of_the_test" in names
    item.fixturenames = names
    filled = inspect.getsource(type(item._request)._fillfixtures)
    assert "item.fixturenames" in filled


@needed_in("plugin/asking.py")
def fixtures_asked_for_late(item):
    assert "request_of_the_test" in item._request._fixture_defs


@needed_in("plugin/collection.py")
def arguments_of_the_run(item):
    assert isinstance(item.config.args, list)
    if item.config.pluginmanager.hasplugin("cacheprovider"):
        assert item.config.getoption("lf") in (True, False)


@needed_in("plugin/running.py", "plugin/entries.py")
def expected_failure(_):
    skipping = sys.modules["_pytest.skipping"]
    assert "rep.wasxfail = " in inspect.getsource(skipping.pytest_runtest_makereport)


@needed_in("plugin/debugging.py")
def deferred_teardown(item):
    assert item.config.getoption("usepdb") in (True, False)
    case = sys.modules["_pytest.unittest"].TestCaseFunction
    for method in (case.setup, case.runtest, case.teardown):
        assert "self._explicit_tearDown" in inspect.getsource(method)


@needed_in("plugin/markers.py")
def marks_of_a_parameter(item):
    assert list(item.callspec.marks) == []
    assert item.callspec.params["name"] == "marks_of_a_parameter"


@pytest.mark.filterwarnings("error")
class Marked:
    pass


class MarkedAgain(Marked):
    pass


@needed_in("plugin/markers.py")
def marks_of_a_class(_):
    assert [mark.name for mark in vars(Marked)["pytestmark"]] == ["filterwarnings"]
    assert "pytestmark" not in vars(MarkedAgain)


@needed_in("plugin/blocking.py")
def functions_of_pytests_program(_):
    module = pytest.main.__globals__
    functions = [value for value in module.values() if inspect.isfunction(value)]
    names = {one.__code__.co_name for one in functions if one.__globals__ is module}
    assert "main" in names
    assert any(name.endswith("console_main") for name in names)
    assert pytest.console_main.__globals__ is module


@needed_in("plugin/blocking.py")
def frames(_):
    frame = sys._getframe()
    assert frame.f_globals is globals()
    assert frame.f_code.co_name == "frames"
    assert frame.f_back.f_code.co_name == "test_private_name"


@needed_in("plugin/results.py")
def failure_without_a_traceback(_):
    error = pytest.fail.Exception("message", pytrace=False)
    assert (error.msg, error.pytrace) == ("message", False)


@needed_in("asserting/assertions.py", "plugin/asking.py")
def modules_of_pytest(item):
    for value in (1.0, [1.0], {"a": 1.0}):
        assert type(pytest.approx(value)).__module__.startswith("_pytest.")
    [definition] = item.session._fixturemanager.getfixturedefs("monkeypatch", item)
    assert definition.func.__module__.startswith("_pytest.")


@needed_in("asserting/assertions.py")
def items_of_an_approximation(_):
    approximate = pytest.approx([1.0, 2.0], abs=0.1)
    assert list(approximate.expected) == [1.0, 2.0]
    assert approximate._approx_scalar(1.0) == 1.05
    assert approximate._approx_scalar(1.0) != 1.2


@needed_in(
    "plugin/blocking.py",
    "plugin/collection.py",
    "plugin/session_end.py",
    "plugin/reporting.py",
    "plugin/entries.py",
    needs="xdist",
)
def data_of_a_worker(_):
    from xdist import remote, workermanage

    assert "config.workerinput = " in inspect.getsource(remote)
    assert "config.workeroutput = " in inspect.getsource(remote)
    assert "self.workeroutput = " in inspect.getsource(workermanage)


@needed_in("plugin/entries.py", needs="xdist")
def reports_of_a_worker(item):
    from xdist import dsession, remote

    source = inspect.getsource(remote)
    assert 'data["item_index"] = self.item_index' in source
    assert 'data["worker_id"] = self.workerid' in source
    source = inspect.getsource(dsession)
    assert 'when="???"' in source
    assert "rep.node = worker" in source
    assert item.config.getoption("dist")


@needed_in("plugin/reporting.py", "plugin/entries.py", needs="pytest_rerunfailures")
def report_of_a_rerun(_):
    import pytest_rerunfailures

    assert 'report.outcome = "rerun"' in inspect.getsource(pytest_rerunfailures)


@needed_in("plugin/entries.py")
def report_of_a_subtest(_):
    if not hasattr(pytest, "SubtestReport"):
        pytest.skip("pytest before 9 has no subtests")
    source = inspect.getsource(sys.modules[pytest.SubtestReport.__module__])
    assert {"context: SubtestContext", "msg: str | None", "kwargs: Mapping"} <= set(
        re.findall(r"context: SubtestContext|msg: str \| None|kwargs: Mapping", source)
    )


@needed_in("plugin/entries.py", "plugin/reporting.py")
def options_of_the_summary(item):
    assert item.config.getoption("collectonly") is False
    assert item.config.getoption("no_summary") in (False, True)


@needed_in("current_test.py", needs="xdist")
def group_in_the_node_id(item):
    from xdist import remote

    assert '_nodeid = f"{item.nodeid}@' in inspect.getsource(remote)
    assert f"{item.parent.nodeid}::{item.name}" == item.nodeid.partition("@")[0]


# multiprocessing


@needed_in("activation/forkservers.py")
def forkserver_of_multiprocessing(_):
    forkserver = pytest.importorskip("multiprocessing.forkserver").ForkServer()
    names = {"_forkserver_address", "_forkserver_alive_fd", "_forkserver_pid"}
    assert names <= vars(forkserver).keys()
    of_a_server = [name for name in vars(forkserver) if name.startswith("_forkserver_")]
    assert [vars(forkserver)[name] for name in of_a_server] == [None] * len(of_a_server)
    with forkserver._lock:
        pass
    module = sys.modules["multiprocessing.forkserver"]
    assert module.connect_to_new_process.__self__ is module._forkserver


# unittest


class Case(unittest.TestCase):
    def test_it(self):
        self.outcome = self._outcome


@needed_in("activation/unittest_cases.py")
def method_of_a_case(_):
    assert Case("test_it")._testMethodName == "test_it"


@needed_in("activation/unittest_cases.py")
def outcome_of_a_case(_):
    case = Case("test_it")
    case.run()
    assert case.outcome.success is True


@needed_in("aws/active.py")
def owned_lock(_):
    lock = threading.RLock()
    assert not lock._is_owned()
    with lock:
        assert lock._is_owned()


@needed_in("activation/unittest_cases.py")
def run_of_a_case(_):
    case = Case("test_it")
    case.run = lambda *args, **kwargs: ("run", args, kwargs)
    assert case(1, result=2) == ("run", (1,), {"result": 2})


@needed_in("activation/wrapping.py", "activation/unfinished.py")
def code_of_context_managers(_):
    for decorator in (contextlib.contextmanager, contextlib.asynccontextmanager):
        one, other = decorator(lambda: None), decorator(is_method)
        assert one.__code__ is other.__code__


# botocore


class Answered(botocore.awsrequest.AWSResponse):
    content = b'{"Errors": []}'


EVENTS = (
    "before-parameter-build",
    "before-call",
    "request-created",
    "choose-signer",
    "before-send",
    "needs-retry",
    "after-call",
)


@cache
def events():
    """Return what handlers of botocore's events get in one call, which `before-send` answers."""
    options = {"region_name": "us-east-1", "config": Config(read_timeout=7), **KEYS}
    client = boto3.session.Session().client("sagemaker-metrics", **options)
    seen = {}

    def note(event):
        def handle(**keywords):
            seen[event] = dict(keywords)
            if "request" in keywords:
                seen[event]["headers"] = dict(keywords["request"].headers)
            if event == "choose-signer":
                return botocore.UNSIGNED
            if event == "before-send":
                return Answered(keywords["request"].url, 200, {}, None)
            return None

        return handle

    for event in EVENTS:
        client.meta.events.register(f"{event}.sagemaker-metrics", note(event))
    client.batch_put_metrics(**METRICS)
    return seen


@needed_in("aws/emitters.py")
def builtin_handlers(_):
    assert isinstance(botocore.handlers.BUILTIN_HANDLERS, list)
    extents = [one[2] for one in botocore.handlers.BUILTIN_HANDLERS if len(one) == 3]
    assert botocore.handlers.REGISTER_FIRST in extents
    assert botocore.handlers.REGISTER_LAST is not botocore.handlers.REGISTER_FIRST


@needed_in("aws/emitters.py")
def emitters(_):
    emitter = botocore.session.Session().get_component("event_emitter")
    hierarchical = botocore.hooks.HierarchicalEmitter
    methods = ("register_first", "register_last", "emit_until_response")
    assert is_method(hierarchical, *methods)
    assert all(hasattr(emitter, name) for name in methods)
    copies = [one for one in gc.get_objects() if issubclass(type(one), hierarchical)]
    assert copies


@needed_in("aws/handlers.py")
def created_request(_):
    created = events()["request-created"]
    assert created["operation_name"] == "BatchPutMetrics"
    assert isinstance(created["request"].context, dict)
    assert created["request"].url.endswith("/BatchPutMetrics")


@needed_in("aws/handlers.py")
def signer(_):
    seen = events()
    assert seen["choose-signer"]["context"] is seen["request-created"]["request"].context
    assert "Authorization" not in seen["before-send"]["headers"]


@needed_in("aws/sending.py")
def prepared_request(_):
    seen = events()
    request = seen["before-send"]["request"]
    assert type(request) is botocore.awsrequest.AWSPreparedRequest
    if "context" in inspect.signature(type(request)).parameters:
        assert request.context is seen["request-created"]["request"].context
    assert request.url.endswith("/BatchPutMetrics")
    assert request.method == "PUT"
    assert b"loss" in request.body
    request.url = request.url


@needed_in("aws/handlers.py", "aws/wire.py")
def answer_before_sending(_):
    seen = events()
    assert seen["before-send"]["event_name"] == "before-send.sagemaker-metrics.BatchPutMetrics"
    assert seen["after-call"]["parsed"]["Errors"] == []


@needed_in("aws/wire.py")
def context_of_a_request(_):
    context = events()["request-created"]["request"].context
    assert context["client_region"] == "us-east-1"
    assert context["client_config"].read_timeout == 7
    assert context["retries"]["attempt"] == 1
    assert isinstance(context["retries"]["invocation-id"], str)


@needed_in("aws/wire.py", "aws/errors.py")
def response(_):
    parameters = list(inspect.signature(botocore.awsrequest.AWSResponse).parameters)
    assert parameters == ["url", "status_code", "headers", "raw"]
    assert isinstance(botocore.awsrequest.AWSResponse.content, property)


@needed_in("aws/handlers.py")
def request_to_retry(_):
    seen = events()
    context = seen["needs-retry"]["request_dict"]["context"]
    assert context is seen["request-created"]["request"].context


@needed_in("aws/cloudtrail_calls.py", "aws/sagemaker_calls.py")
def parameters_of_a_call(_):
    built = events()["before-parameter-build"]
    assert built["params"]["TrialComponentName"] == "run-1"
    assert built["context"]["client_region"] == "us-east-1"


@needed_in("aws/errors.py", "aws/cloudtrail_calls.py")
def refusal_before_a_call(_):
    assert {"model", "context"} <= events()["before-call"].keys()
    assert events()["before-call"]["model"].name == "BatchPutMetrics"
    client = boto3.session.Session().client("sagemaker-metrics", region_name="us-east-1", **KEYS)
    error = {"Error": {"Code": "Refused", "Message": "here"}, "ResponseMetadata": {}}
    answer = botocore.awsrequest.AWSResponse("", 400, {}, None), error
    client.meta.events.register("before-call.sagemaker-metrics", lambda **_: answer)
    with pytest.raises(botocore.exceptions.ClientError, match=r"\(Refused\).*: here"):
        client.batch_put_metrics(**METRICS)


@needed_in("aws/cloudtrail_calls.py", "aws/sagemaker_calls.py")
def end_of_a_call(_):
    seen = events()
    after = seen["after-call"]
    assert after["http_response"].status_code == 200
    assert after["model"].name == "BatchPutMetrics"
    assert after["context"] is seen["before-parameter-build"]["context"]


@needed_in("aws/sending.py")
def http_session(_):
    assert is_method(botocore.httpsession.URLLib3Session, "send")
    signature = inspect.signature(botocore.httpsession.URLLib3Session.send)
    assert list(signature.parameters) == ["self", "request"]


@needed_in("aws/sending.py", needs="aiobotocore.httpsession")
def http_session_of_aiobotocore(_):
    session = sys.modules["aiobotocore.httpsession"].AIOHTTPSession
    assert inspect.iscoroutinefunction(session.send)


@needed_in("aws/sending.py")
def connection_that_vcrpy_replaces(_):
    connection = botocore.awsrequest.AWSHTTPSConnectionPool.ConnectionCls
    assert connection.__module__ == "botocore.awsrequest"


@needed_in("aws/retries.py")
def sleep_between_retries(_):
    assert isinstance(vars(botocore.endpoint)["time"], types.ModuleType)
    assert "time.sleep(" in inspect.getsource(botocore.endpoint)


@needed_in("aws/retries.py")
def token_bucket(_):
    assert "acquire" in vars(botocore.retries.bucket.TokenBucket)


@needed_in("aws/retries.py", "aws/quotas.py")
def retry_quota(_):
    quota = botocore.retries.quota.RetryQuota(10)
    assert "acquire" in vars(type(quota))
    assert quota.acquire(4) is True
    assert quota.available_capacity == 6
    quota.release(4)
    assert quota.available_capacity == 10


@needed_in("aws/sessions.py")
def methods_of_a_session(_):
    session = botocore.session.Session
    patched = ("__init__", "create_client", "get_scoped_config", "get_credentials")
    assert is_method(session, *patched)
    source = inspect.getsource(session.create_client)
    called = {"get_config_variable", "get_credentials", "get_auth_token"}
    assert called <= set(re.findall(r"self\.(\w+)\(", source))
    assert is_method(session, *called, "get_default_client_config")


@needed_in("aws/sessions.py")
def credentials_of_a_session(_):
    session = botocore.session.Session()
    assert vars(session)["_credentials"] is None
    session.set_credentials("a", "b")
    assert session._credentials is session.get_credentials()


@needed_in("aws/sessions.py")
def provider_of_the_environment(_):
    providers = botocore.session.Session().get_component("credential_provider").providers
    assert providers[0].METHOD == "env"
    assert providers[0].load() is None


@needed_in("aws/sessions.py")
def credentials_when_signing(_):
    credentials = Credentials("", "", method="deferred")
    credentials.get_frozen_credentials = lambda: Credentials("deferred", "b")
    session = botocore.session.Session()
    session.get_credentials = lambda: credentials
    client = session.create_client("sagemaker-metrics", region_name="us-east-1")
    url = client.generate_presigned_url("batch_put_metrics", Params=METRICS)
    assert "X-Amz-Credential=deferred" in url


@needed_in("aws/sessions.py")
def configured_endpoint(_):
    method = getattr(botocore.session.Session, "_add_configured_endpoint_provider", None)
    if method is None:
        assert not hasattr(botocore.configprovider, "ConfiguredEndpointProvider")
        return
    parameters = inspect.signature(method).parameters
    assert list(parameters) == ["self", "client_name", "config_store"]
    assert re.search(r"set_config_provider\(\s*.*endpoint_url", inspect.getsource(method))
    assert "self._add_configured_endpoint_provider(" in inspect.getsource(
        botocore.session.Session.create_client
    )
    environ = {"AWS_ENDPOINT_URL_SAGEMAKER_METRICS": "http://here"}
    provider = botocore.configprovider.ConfiguredEndpointProvider(
        full_config={}, scoped_config={}, client_name="sagemaker-metrics", environ=environ
    )
    assert provider.provide() == "http://here"


@needed_in("aws/configured.py")
def profiles_of_the_configuration(_):
    assert botocore.session.Session().full_config["profiles"] == {}


@needed_in("aws/configured.py")
def credentials_of_the_environment(_):
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    provider = botocore.credentials.EnvProvider(environ=keys)
    assert provider.environ is keys
    assert provider.load().access_key == "a"
    providers = botocore.session.Session().get_component("credential_provider").providers
    assert type(providers[0]) is botocore.credentials.EnvProvider


@needed_in("service/faults/kinds.py")
def words_of_an_error(_):
    for error in (botocore.exceptions.ReadTimeoutError, botocore.exceptions.NoCredentialsError):
        assert isinstance(error.fmt, str)
    assert "{endpoint_url}" in botocore.exceptions.ConnectTimeoutError.fmt


@needed_in("aws/sessions.py")
def default_session(_):
    assert hasattr(boto3, "DEFAULT_SESSION")
    assert isinstance(boto3.session.Session()._session, botocore.session.Session)


# aiobotocore


@needed_in("aws/retries.py", needs="aiobotocore.endpoint")
def async_sleep(_):
    endpoint = sys.modules["aiobotocore.endpoint"]
    assert isinstance(vars(endpoint)["asyncio"], types.ModuleType)
    assert "asyncio.sleep(" in inspect.getsource(endpoint)


@needed_in("aws/retries.py", needs="aiobotocore.retries.bucket")
def async_token_bucket(_):
    bucket = sys.modules["aiobotocore.retries.bucket"].AsyncTokenBucket
    assert inspect.iscoroutinefunction(vars(bucket)["acquire"])


@needed_in("aws/sessions.py", needs="aiobotocore.credentials")
def async_credentials(_):
    credentials = sys.modules["aiobotocore.credentials"].AioCredentials
    assert inspect.iscoroutinefunction(credentials("", "", method="x").get_frozen_credentials)


@needed_in("aws/configured.py", needs="aiobotocore.credentials")
def async_credentials_of_the_environment(_):
    provider = sys.modules["aiobotocore.credentials"].AioEnvProvider
    assert inspect.iscoroutinefunction(vars(provider)["load"])
    assert provider(environ={}).environ == {}


@needed_in("aws/handlers.py", needs="aiobotocore.config")
def async_client(_):
    assert sys.modules["aiobotocore.config"].AioConfig.__module__.startswith("aiobotocore.")


@needed_in("aws/wire.py", needs="aiobotocore.endpoint")
def async_response(_):
    source = inspect.getsource(sys.modules["aiobotocore.endpoint"])
    assert "await http_response.content" in source
    assert "await self._event_emitter.emit(" in source


# moto


@needed_in("aws/moto.py", needs="moto.core.models")
def motos_switch(_):
    assert sys.modules["moto.core.models"].botocore_stubber.enabled is False


@needed_in("aws/handlers.py", "aws/moto.py", needs="moto.core.models")
def motos_urls(_):
    stubber = type(sys.modules["moto.core.models"].botocore_stubber)
    request = botocore.awsrequest.AWSPreparedRequest(
        "PUT", "answered+https://metrics.sagemaker.us-east-1.amazonaws.com/", {}, b"", False
    )
    assert stubber().process_request(request) is None


@needed_in("aws/moto.py", needs="moto.core.models")
def stop_of_motos_mocks(_):
    mocks = sys.modules["moto.core.models"].MockAWS
    is_method(mocks, "stop")
    assert "self.stop()" in inspect.getsource(mocks.__exit__)


@needed_in("aws/organizations.py", needs="moto.organizations.models")
def motos_organizations(_):
    from moto import mock_aws

    models = sys.modules["moto.organizations.models"]
    with mock_aws():
        client = boto3.session.Session().client("organizations", "us-east-1")
        created = client.create_organization(FeatureSet="ALL")["Organization"]
        [of_account] = models.organizations_backends.values()
        [backend] = of_account.values()
        assert backend.org.id == created["Id"]
        assert [account.id for account in backend.accounts] == [created["MasterAccountId"]]


# Hypothesis


@needed_in("activation/hypothesis_examples.py", needs="hypothesis")
def inner_test(_):
    import hypothesis

    def test(value):
        pass

    given = hypothesis.given(value=hypothesis.strategies.none())(test)
    assert given.hypothesis.inner_test is test


@needed_in("activation/hypothesis_examples.py", needs="hypothesis")
def hypothesis_settings(_):
    import hypothesis

    settings = hypothesis.settings(max_examples=3)

    @settings
    @hypothesis.given(value=hypothesis.strategies.none())
    def test(value):
        pass

    assert vars(test)["_hypothesis_internal_use_settings"].max_examples == 3


@needed_in("activation/hypothesis_examples.py", needs="hypothesis.stateful")
def state_machines(_):
    machine = sys.modules["hypothesis.stateful"].RuleBasedStateMachine
    metaclass = type(machine)
    assert issubclass(metaclass, type)
    found = vars(metaclass).get("__call__", state_machines)  # ours, in a test with a mock
    assert found.__module__.startswith(("pytest_sm_metrics.", __name__)), "ours would hide it"
    metaclass.__doc__ = metaclass.__doc__  # its attributes can be set
    assert is_method(machine, "teardown")


# Clocks


@needed_in("clock.py", needs="freezegun")
def frozen_clocks(_):
    from datetime import datetime

    import freezegun.api

    assert freezegun.api.freeze_factories == []
    with freezegun.freeze_time("2026-09-01"):
        assert freezegun.api.freeze_factories[-1]() == datetime(2026, 9, 1)
    assert freezegun.api.freeze_factories == []


@needed_in("clock.py", needs="time_machine")
def real_clock_of_time_machine(_):
    import time

    import time_machine

    before = time.perf_counter
    with time_machine.travel(0, tick=False):
        assert time.perf_counter is before
        assert time.perf_counter() < time.perf_counter()


# aiohttp


@needed_in("server/connections.py", needs="aiohttp")
def connections_of_the_server(_):
    from aiohttp import web

    is_method(web.Server, "__call__", "connection_made", "connection_lost", "shutdown")
    is_method(web.RequestHandler, "data_received", "eof_received")
    assert "handler_cancellation" in inspect.signature(web.Server).parameters
    source = inspect.getsource(web.RequestHandler)
    assert "_manager.connection_made(self, " in source
    assert "_manager.connection_lost(self, " in source


@needed_in("server/connections.py")
def size_of_what_is_received(_):
    from asyncio import selector_events

    assert "recv(self.max_size)" in inspect.getsource(selector_events)


# The tests


@pytest.fixture
def request_of_the_test(request):
    return request


@pytest.mark.parametrize("name", CHECKS)
def test_private_name(name, request_of_the_test):
    row = CHECKS[name]
    if row.needs:
        pytest.importorskip(row.needs, reason=f"{row.needs} is not installed")
    try:
        row.check(request_of_the_test.node)
    except Exception as error:
        places = ", ".join(f"pytest_sm_metrics/{place}" for place in row.places)
        message = f"an upgrade changed a private name that {places} needs"
        table = f"the row {name} of the table in CONTRIBUTING.md has the names, and what for"
        raise AssertionError(f"{message}; {table}: {error!r}") from error


ROWS = re.findall(
    r"^\| (?P<names>.*`.*) \| (?P<places>.*`.*) \| (?P<why>.*) \| `(?P<test>\w+)` \|$",
    CONTRIBUTING,
    re.MULTILINE,
)


def test_the_table_has_a_row_for_each_name():
    assert [test for *_, test in ROWS] == list(CHECKS)


@pytest.mark.parametrize(("names", "places", "why", "test"), ROWS, ids=[row[-1] for row in ROWS])
def test_a_row_says_where_its_names_are_needed(names, places, why, test):
    files = re.findall(r"`([\w/]+\.py)`", places)
    assert tuple(files) == CHECKS[test].places
    assert why
    sources = "".join((PACKAGE / file).read_text(encoding="utf-8") for file in files)
    found = re.findall(r"`([^`]+)`", names)
    last_parts = [re.split(r"[ .]", name.rstrip("()"))[-1] for name in found]
    missing = [part for part in last_parts if part not in sources]
    assert not missing, f"{files} have no {missing}"
