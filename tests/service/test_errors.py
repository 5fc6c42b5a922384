"""The known errors: AWS documents the HTTP status of each."""

from __future__ import annotations

import pytest

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.service.errors import ERRORS

from ..logging_metrics import client_in, metric, put

# Amazon SageMaker API Reference, Common Errors.
STATUSES = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "IncompleteSignature": 403,
    "InternalFailure": 500,
    "InvalidClientTokenId": 403,
    "MalformedHttpRequestException": 400,
    "NotAuthorized": 401,
    "OptInRequired": 403,
    "RequestAbortedException": 400,
    "RequestEntityTooLargeException": 413,
    "RequestExpired": 400,
    "RequestTimeoutException": 408,
    "ServiceUnavailable": 503,
    "ThrottlingException": 400,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "ValidationError": 400,
    "ValidationException": 400,
}


def test_every_known_error_has_a_documented_status():
    assert ERRORS.keys() == STATUSES.keys()


@pytest.mark.parametrize("code", STATUSES)
def test_a_client_gets_the_status_of_an_error(code):
    client = client_in("us-east-1")
    with mock_sm_metrics() as sm_metrics:
        sm_metrics.fail_calls(code)
        with pytest.raises(client.exceptions.ClientError) as raised:
            put(client, "run-1", metric())
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == STATUSES[code]
