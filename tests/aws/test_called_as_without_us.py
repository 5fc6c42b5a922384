"""The functions of other libraries that the package patches look and are called as without it."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import types
from contextlib import ExitStack, nullcontext
from importlib import import_module
from unittest import mock

import botocore.endpoint
import botocore.session
import pytest
from botocore.retries.quota import RetryQuota

from pytest_sm_metrics import UnmockedCallError, mock_sm_metrics
from pytest_sm_metrics.aws.interception import block

pytest.importorskip("aiobotocore.session")
FUNCTIONS = [
    ("botocore.session", "Session", "__init__"),
    ("botocore.session", "Session", "create_client"),
    ("botocore.session", "Session", "get_credentials"),
    ("botocore.session", "Session", "get_scoped_config"),
    ("botocore.httpsession", "URLLib3Session", "send"),
    ("botocore.retries.bucket", "TokenBucket", "acquire"),
    ("botocore.retries.quota", "RetryQuota", "acquire"),
    ("aiobotocore.session", "AioSession", "create_client"),
    ("aiobotocore.session", "AioSession", "get_credentials"),
    ("aiobotocore.httpsession", "AIOHTTPSession", "send"),
    ("aiobotocore.retries.bucket", "AsyncTokenBucket", "acquire"),
]
METHODS = [one for one in FUNCTIONS if one[2] != "__init__"]


class Blocked:
    def __enter__(self):
        self.restore = block(lambda operation, body: UnmockedCallError(operation))

    def __exit__(self, *_):
        self.restore()


STATES = {"mock": mock_sm_metrics, "block": Blocked, "after": nullcontext}


def looks(function):
    """Return what people and libraries see of a function."""
    return (
        function.__name__,
        function.__qualname__,
        function.__module__,
        function.__doc__,
        str(inspect.signature(function)),
        inspect.isfunction(function),
        inspect.iscoroutinefunction(function),
        pickle.loads(pickle.dumps(function)) is function,
    )


def owner_of(module, cls):
    return getattr(import_module(module), cls)


@pytest.mark.parametrize(("module", "cls", "name"), FUNCTIONS)
def test_a_function_looks_the_same(module, cls, name):
    before = vars(owner_of(module, cls))[name]
    expected = looks(before)
    for make in STATES.values():
        with make():
            assert looks(getattr(owner_of(module, cls), name)) == expected
    assert vars(owner_of(module, cls))[name] is before


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("outside", [True, False], ids=["mocked before", "mocked inside"])
@pytest.mark.parametrize("given", [((), {}), ((1,), {}), ((1,), {"more": 2})], ids=str)
@pytest.mark.parametrize(("module", "cls", "name"), METHODS)
def test_a_mock_of_a_method_gets_the_same_arguments(module, cls, name, given, outside, state):
    args, kwargs = given
    owner = owner_of(module, cls)
    if name == "send":
        args = (mock.Mock(url="https://example.org", context={}), *args[1:])
    with ExitStack() as stack:
        if not outside:
            stack.enter_context(STATES[state]())
        is_async = inspect.iscoroutinefunction(getattr(owner, name))
        made = mock.AsyncMock if is_async else mock.MagicMock
        patched = stack.enter_context(mock.patch.object(owner, name, new_callable=made))
        if outside:
            stack.enter_context(STATES[state]())
        instance = owner() if cls in ("Session", "AioSession") else object.__new__(owner)
        result = getattr(instance, name)(*args, **kwargs)
        result = asyncio.run(result) if is_async else result
    patched.assert_called_once_with(*args, **kwargs)
    assert result is patched.return_value


@pytest.mark.parametrize("state", STATES)
def test_methods_of_a_users_session_get_their_own_arguments(state, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")

    class Session(botocore.session.Session):
        def get_credentials(self, role=None):
            return role

        def create_client(self, *args, team=None, **kwargs):
            return team

        def get_scoped_config(self, section="default"):
            return section

    with STATES[state]():
        session = Session()
        assert session.get_credentials(role="trainer") == "trainer"
        assert session.create_client("sagemaker-metrics", team="research") == "research"
        assert session.get_scoped_config("other") == "other"


def test_a_users_quota_gets_its_own_arguments():
    class Quota(RetryQuota):
        def acquire(self, capacity_amount, reason):
            return super().acquire(capacity_amount=capacity_amount), reason

    with mock_sm_metrics():
        assert Quota().acquire(1, "throttled") == (True, "throttled")


@pytest.mark.parametrize(
    ("owner", "name"), [("botocore.endpoint", "time"), ("aiobotocore.endpoint", "asyncio")]
)
def test_the_module_that_waits_looks_the_same(owner, name):
    module = import_module(owner)
    before = getattr(module, name)
    sleep = before.sleep
    with mock_sm_metrics():
        inside = getattr(module, name)
        assert isinstance(inside, types.ModuleType)
        assert (inside.__name__, inside.__doc__, inside.__spec__) == (
            before.__name__,
            before.__doc__,
            before.__spec__,
        )
        assert set(dir(before)) <= set(dir(inside))
        assert (inside.sleep.__name__, inside.sleep.__doc__) == (sleep.__name__, sleep.__doc__)
        assert inspect.iscoroutinefunction(inside.sleep) == inspect.iscoroutinefunction(sleep)
    assert getattr(module, name) is before


def test_a_mock_of_the_module_that_waits_is_called():
    with mock.patch("botocore.endpoint.time") as patched, mock_sm_metrics():
        botocore.endpoint.time.sleep(3)
    patched.sleep.assert_called_once_with(3)
    with mock.patch("aiobotocore.endpoint.asyncio") as patched, mock_sm_metrics():
        patched.sleep = mock.AsyncMock()
        module = import_module("aiobotocore.endpoint")
        asyncio.run(module.asyncio.sleep(3, result=4))
    patched.sleep.assert_called_once_with(3, result=4)
    with mock_sm_metrics(), mock.patch("botocore.endpoint.time.sleep") as patched:
        botocore.endpoint.time.sleep(3)
    patched.assert_called_once_with(3)
