"""Sessions: clients of this service are made without region, credentials or profile.

No event can do that. Making a client resolves all three before the first event: it asks the
instance metadata service for credentials, and raises if there is no region, or if AWS_PROFILE
names no profile. So while a mock is on, `create_client`, `get_scoped_config`, `get_credentials` and
`__init__` of botocore's sessions (all public) are patched, here and nowhere else. Clients of other
services still fail if the profile does not exist.
"""

from __future__ import annotations

import copy
import functools
import inspect
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ProfileNotFound
from botocore.session import Session

from .active import active
from .patches import bound
from .retries import patch_retries

SERVICE = "sagemaker-metrics"
DEFAULT_REGION = "us-east-1"


def patch_sessions(ensure_registered: Callable[[Any], None]) -> None:
    """Patch the sessions' methods that are not patched yet.

    `ensure_registered` registers the handlers with a session's emitter.
    """

    def patch_class(cls: type[Session]) -> None:
        if not cls.__module__.startswith(("botocore.", "aiobotocore.")):
            return  # a user's: it calls the library's methods, as without us
        if "create_client" in vars(cls):
            _wrap(cls, "create_client", functools.partial(_create_client, ensure_registered))
        if "get_credentials" in vars(cls):
            _wrap(cls, "get_credentials", _get_credentials)

    def init_subclass(cls: type[Session], /, **options: Any) -> None:
        super(Session, cls).__init_subclass__(**options)
        patch_class(cls)

    _wrap(Session, "__init__", _init)
    _wrap(Session, "get_scoped_config", _get_scoped_config)
    if not active.sessions.has(Session, "__init_subclass__"):
        # aiobotocore may be imported while a mock is on.
        active.sessions.add(Session, "__init_subclass__", classmethod(init_subclass))
    for cls in _with_subclasses(Session):
        patch_class(cls)


def default_session() -> Any:
    """Return boto3's default session; None if there is none, or no boto3."""
    return getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)


def replace_default_session(session: Any) -> None:
    """Replace boto3's default session, if it was made while a mock was on."""
    if getattr(default_session(), "_session", None) in active.sessions_made:
        boto3: Any = sys.modules["boto3"]
        boto3.DEFAULT_SESSION = session


def _with_subclasses(cls: type[Session]) -> set[type[Session]]:
    return {cls}.union(*map(_with_subclasses, cls.__subclasses__()))


def _wrap(cls: type[Session], name: str, make_wrapper: Callable[[Any], Any]) -> None:
    if not active.sessions.has(cls, name):
        active.sessions.wrap(cls, name, make_wrapper)


def _init(original: Any) -> Any:
    def init(self: Session, *args: Any, **kwargs: Any) -> None:
        bound(original, self)(*args, **kwargs)
        active.sessions_made.add(self)

    return init


def _create_client(ensure_registered: Callable[[Any], None], original: Any) -> Any:
    def create_client(self: Session, *args: Any, **kwargs: Any) -> Any:
        if not active.sessions:
            return bound(original, self)(*args, **kwargs)
        service = args[0] if args else kwargs.get("service_name")
        if service != SERVICE:
            _require_profile(self)
            return bound(original, self)(*args, **kwargs)
        if not _is_async(self):
            ensure_registered(self.get_component("event_emitter"))
        unconfigured = _session_that_needs_no_configuration(self)
        replaced = set(vars(unconfigured)) - set(vars(self))
        client = bound(original, unconfigured)(*args, **kwargs)
        kept = {name: one for name, one in vars(unconfigured).items() if name not in replaced}
        vars(self).update(kept)  # what making a client has changed
        patch_retries()  # making the first client imports modules
        return client

    return create_client


def _get_credentials(original: Any) -> Any:
    def get_credentials(self: Session, *args: Any, **kwargs: Any) -> Any:
        _require_profile(self)
        return bound(original, self)(*args, **kwargs)

    async def get_credentials_async(self: Session, *args: Any, **kwargs: Any) -> Any:
        _require_profile(self)
        return await bound(original, self)(*args, **kwargs)

    return get_credentials_async if inspect.iscoroutinefunction(original) else get_credentials


def _get_scoped_config(original: Any) -> Any:
    def get_scoped_config(self: Session, *args: Any, **kwargs: Any) -> Any:
        try:
            return bound(original, self)(*args, **kwargs)
        except ProfileNotFound:
            if active.sessions:
                return {}
            raise

    return get_scoped_config


def _require_profile(session: Session) -> None:
    """Raise ProfileNotFound if the session's profile does not exist, and the session needs one."""
    original = active.sessions.original(Session, "get_scoped_config")
    current = vars(Session)["get_scoped_config"]
    if original is not None and type(session).get_scoped_config is current:
        bound(original, session)()


def _is_async(session: Session) -> bool:
    """Return True for a session of aiobotocore's."""
    return inspect.iscoroutinefunction(inspect.unwrap(type(session).get_credentials))


def _session_that_needs_no_configuration(session: Session) -> Any:
    """Return a copy of a session that has a region, and resolves credentials when they are used."""

    def get_config_variable(name: str, methods: Any = None) -> Any:
        value = session.get_config_variable(name, methods)
        return DEFAULT_REGION if name == "region" and not value else value

    copied: Any = copy.copy(session)
    copied.get_config_variable = get_config_variable
    copied.get_auth_token = lambda **_: None
    copied.get_credentials = _credentials_getter(session)
    if hasattr(session, "_add_configured_endpoint_provider"):
        copied._add_configured_endpoint_provider = partial(_add_endpoint_provider, session)
    # "auto" asks the metadata service, and means "standard" where there is none.
    if session.get_config_variable("defaults_mode") == "auto":
        config = _with_standard_defaults(session.get_default_client_config())
        copied.get_default_client_config = lambda: config
    return copied


def _add_endpoint_provider(session: Any, client_name: str, config_store: Any) -> None:
    """Have a client find its endpoint as if that of child processes were not in the environment."""
    from botocore.configprovider import ConfiguredEndpointProvider  # older ones have none

    ours = {record.forward_to for record in active.stack}
    environ = {name: value for name, value in os.environ.items() if value not in ours}
    provider = ConfiguredEndpointProvider(
        full_config=session.full_config,
        scoped_config=session.get_scoped_config(),
        client_name=client_name,
        environ=environ,
    )
    config_store.set_config_provider("endpoint_url", provider)


def _with_standard_defaults(given: Any) -> Config:
    """Return a client configuration, given or None, with `defaults_mode` "standard"."""
    standard: dict[str, Any] = {"defaults_mode": "standard"}
    config = Config(**standard)
    return config if given is None else config.merge(given)


def _credentials_getter(session: Session) -> Any:
    """Return a `get_credentials` that returns the environment's credentials, or deferred ones."""
    is_async = _is_async(session)
    environment = _environment(session)
    credentials = _deferred_credentials(session, is_async)

    def get_credentials() -> Any:
        if environment:
            with suppress(Exception):  # signing reports what is wrong
                return environment.load() or credentials
        return credentials

    async def get_credentials_async() -> Any:
        if environment:
            with suppress(Exception):
                return await environment.load() or credentials
        return credentials

    return get_credentials_async if is_async else get_credentials


def _environment(session: Any) -> Any:
    """Return the provider of the environment's credentials, if the session would use it; else None.

    They are read while the client is made: later the environment may hold others than moto's.
    """
    is_complete = all(
        os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    )
    if is_complete and vars(session).get("_credentials") is None:
        with suppress(Exception):  # signing reports what is wrong
            first = session.get_component("credential_provider").providers[0]
            return first if first.METHOD == "env" else None
    return None


def _deferred_credentials(session: Session, is_async: bool) -> Any:
    """Return the session's credentials, resolved when they are first used.

    So after the mock is off, the client signs as it would have without the mock.
    """
    kind: Any = sys.modules["aiobotocore.credentials"].AioCredentials if is_async else Credentials
    credentials = kind("", "", method="deferred")
    credentials.get_frozen_credentials = functools.partial(
        _freeze_async if is_async else _freeze, session
    )
    return credentials


def _freeze(session: Any) -> Any:
    credentials = session.get_credentials()
    return credentials and credentials.get_frozen_credentials()


async def _freeze_async(session: Any) -> Any:
    credentials = await session.get_credentials()
    return credentials and await credentials.get_frozen_credentials()
