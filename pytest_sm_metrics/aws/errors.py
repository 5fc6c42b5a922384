"""Errors as botocore raises them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def client_error(code: str, message: str, operation: str, status: int = 400) -> ClientError:
    """What a client raises when AWS answers with this code."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)
