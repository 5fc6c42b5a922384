"""Error codes of the service, with their HTTP status and message."""

from __future__ import annotations

from typing import NamedTuple

_SERVER_ERROR = "Internal server error. Please try again later."


class KnownError(NamedTuple):
    """The status and the message that go with an error code."""

    status: int
    message: str
    """`{user}`, `{action}` and `{resource}` are replaced by those of the call."""


ERRORS = {
    "ThrottlingException": KnownError(400, "Rate exceeded"),
    "AccessDeniedException": KnownError(
        403,
        "User: {user} is not authorized to perform: {action} on resource: {resource} "
        "because no identity-based policy allows the {action} action",
    ),
    "InternalFailure": KnownError(500, _SERVER_ERROR),
    "ServiceUnavailable": KnownError(
        503, "The request has failed due to a temporary failure of the server."
    ),
    "ValidationException": KnownError(400, "1 validation error detected"),
    "UnrecognizedClientException": KnownError(
        403, "The security token included in the request is invalid."
    ),
    "ExpiredTokenException": KnownError(
        403, "The security token included in the request is expired"
    ),
    "RequestExpired": KnownError(
        400,
        "The request reached the service more than 15 minutes after the date stamp on the request "
        "or more than 15 minutes after the request expiration date, or the date stamp on the "
        "request is more than 15 minutes in the future.",
    ),
    "IncompleteSignature": KnownError(
        403, "The request signature does not conform to AWS standards."
    ),
    "OptInRequired": KnownError(403, "The AWS access key ID needs a subscription for the service."),
    "NotAuthorized": KnownError(401, "You do not have permission to perform this action."),
    "InvalidClientTokenId": KnownError(
        403, "The X.509 certificate or AWS access key ID provided does not exist in our records."
    ),
    "MalformedHttpRequestException": KnownError(
        400,
        "Problems with the request at the HTTP level, for example, we can't decompress the body "
        "according to the decompression algorithm specified by the content-encoding.",
    ),
    "RequestAbortedException": KnownError(
        400,
        "Convenient exception that can be used when a request is aborted before a reply is sent "
        "back (for example, client closed connection).",
    ),
    "RequestEntityTooLargeException": KnownError(
        413, "Problems at the HTTP level: the request entity is too large."
    ),
    "RequestTimeoutException": KnownError(
        408, "Problems at the HTTP level: reading the request has timed out."
    ),
    "UnknownOperationException": KnownError(
        404, "The operation is not one that the service knows."
    ),
    "ValidationError": KnownError(
        400, "The input fails to satisfy the constraints specified by an AWS service."
    ),
}
"""The known errors by code.

Source: Amazon SageMaker API Reference, Common Errors. The messages of ThrottlingException and of
the errors about tokens are those of other AWS services (observed there).
"""

SOCKET_FAILURES = {
    "ConnectionReset": "ConnectionClosedError",
    "TruncatedBody": "ConnectionClosedError",
    "NoAnswer": "ReadTimeoutError",
}
"""The failures of a connection, each with botocore's exception that a client gets in process.

Over HTTP they happen on the socket: the connection is reset before the answer; Content-Length is
larger than the body that is sent; nothing is sent.
"""

METRIC_ERRORS = ("METRIC_LIMIT_EXCEEDED", "INTERNAL_ERROR", "VALIDATION_ERROR", "CONFLICT_ERROR")
"""The codes that one metric can have in Errors.

Source: Amazon SageMaker API Reference, BatchPutMetricsError (documented).
"""

QUERY_STATUSES = {
    "InternalError": _SERVER_ERROR,
    "ValidationError": "The query failed validation.",
    "Truncated": None,
}
"""The statuses of a query that fails, with their messages.

Source: Amazon SageMaker API Reference, MetricQueryResult (documented). The messages are published
nowhere.
"""
