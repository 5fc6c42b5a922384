"""The caller of a request, in the form of `userIdentity`."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any


def is_service(caller: str) -> bool:
    """Return True if a caller is a service principal, and not an ARN."""
    return not caller.startswith("arn:")


def user_identity(caller: str, event_time: str, access_key: str = "") -> dict[str, Any]:
    """Return the identity of an ARN (a user, the session of a role) or of a service principal.

    Source: AWS CloudTrail User Guide, userIdentity element (documented). The ids are made up and
    depend on the ARN alone, but for the access key of a request that was signed; a session began at
    the time of the call (assumed).
    """
    if is_service(caller):
        return {"type": "AWSService", "invokedBy": caller}
    _, partition, _, _, account_id, resource = caller.split(":", 5)
    kind, _, path = resource.partition("/")
    name = path.rpartition("/")[2]
    if kind == "user":
        return {
            "type": "IAMUser",
            "principalId": _made_up("AIDA", caller),
            "arn": caller,
            "accountId": account_id,
            "accessKeyId": access_key or _made_up("AKIA", caller),
            "userName": name,
        }
    role = path.partition("/")[0]
    role_arn = f"arn:{partition}:iam::{account_id}:role/{role}"
    role_id = _made_up("AROA", role_arn)
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{name}",
        "arn": caller,
        "accountId": account_id,
        "accessKeyId": access_key or _made_up("ASIA", caller),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": role_arn,
                "accountId": account_id,
                "userName": role,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": event_time, "mfaAuthenticated": "false"},
        },
    }


@lru_cache(maxsize=64)
def _made_up(prefix: str, arn: str) -> str:
    """Return an id of 21 characters (of an access key: 20) that shows that it is an example."""
    length = 20 if prefix in ("AKIA", "ASIA") else 21
    digits = base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()
    return f"{prefix}{digits[: length - 11]}EXAMPLE"
