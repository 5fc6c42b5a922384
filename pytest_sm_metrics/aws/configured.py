"""The region and the credentials that are configured on this machine."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore.configprovider
import botocore.credentials
from botocore.exceptions import ProfileNotFound
from botocore.session import Session

from .active import active
from .patches import bound

_SOURCES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_PROFILE_KEYS = (
    "aws_access_key_id",
    "credential_process",
    "login_session",
    "role_arn",
    "sso_account_id",
    "sso_session",
    "web_identity_token_file",
)


def lacks_region() -> bool:
    """Return True if a new process would find no region."""
    return not (os.environ.get("AWS_REGION") or _configured("region"))


def lacks_credentials() -> bool:
    """Return True if a new process would find no credentials.

    This asks no metadata service, no login and no other process.
    """
    if os.environ.get("AWS_ACCESS_KEY_ID") or any(map(os.environ.get, _SOURCES)):
        return False
    session = Session()
    profiles: Mapping[str, Mapping[str, Any]] = session.full_config["profiles"]
    profile = profiles.get(session.get_config_variable("profile") or "default", {})
    return not any(key in profile for key in _PROFILE_KEYS)


def _configured(name: str) -> Any:
    try:
        return Session().get_config_variable(name)
    except ProfileNotFound:
        return None


def require_endpoints() -> None:
    """Raise a RuntimeError if botocore does not read AWS_ENDPOINT_URL_SAGEMAKER_METRICS."""
    if not hasattr(botocore.configprovider, "ConfiguredEndpointProvider"):
        raise RuntimeError(
            'child_processes="answer" needs botocore 1.31 or later, and '
            f"{botocore.__version__} is installed: processes that are started would call AWS"
        )


@contextmanager
def hide_credentials(access_key: str) -> Generator[None]:
    """Hide made-up credentials in the environment from the clients of this process."""
    with active.lock:
        active.hidden_keys.append(access_key)
        for cls in _environment_providers():
            if not active.credentials.has(cls, "load"):
                active.credentials.wrap(cls, "load", _load)
    try:
        yield
    finally:
        with active.lock:
            active.hidden_keys.remove(access_key)
            if not active.hidden_keys:
                active.credentials.restore()


def _environment_providers() -> list[Any]:
    modules = [botocore.credentials, sys.modules.get("aiobotocore.credentials")]
    names = ("EnvProvider", "AioEnvProvider")
    found = [vars(module).get(name) for module in modules if module for name in names]
    return [cls for cls in found if cls is not None and "load" in vars(cls)]


def _load(original: Any) -> Any:
    def load(self: Any) -> Any:
        return None if _is_hidden(self) else bound(original, self)()

    async def load_async(self: Any) -> Any:
        return None if _is_hidden(self) else await bound(original, self)()

    return load_async if inspect.iscoroutinefunction(original) else load


def _is_hidden(provider: Any) -> bool:
    return provider.environ.get("AWS_ACCESS_KEY_ID") in active.hidden_keys
