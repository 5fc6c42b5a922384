"""Errors in botocore's form; botocore is imported only when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.exceptions import ClientError


def refusal(code: str, message: str) -> tuple[AWSResponse, dict[str, Any]]:
    """Return the answer of a `before-call` handler for which the client raises this error."""
    from botocore.awsrequest import AWSResponse

    raw: Any = None
    headers: Any = {}
    return AWSResponse("", 400, headers, raw), _parsed(code, message)


def client_error(code: str, message: str, operation: str) -> ClientError:
    """Return the exception that a client raises when AWS answers with this code."""
    from botocore.exceptions import ClientError

    response: Any = _parsed(code, message)
    return ClientError(response, operation)


def exception_named(name: str) -> type[Exception] | None:
    """Return the exception of botocore's with this name; None if there is none."""
    from botocore import exceptions

    found: Any = getattr(exceptions, name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _parsed(code: str, message: str) -> dict[str, Any]:
    metadata = {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0}
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
