"""CloudTrail's records: one for each attempt that reached the service.

Sources: Amazon SageMaker Developer Guide, Monitor experiment training metrics with AWS CloudTrail,
and AWS CloudTrail User Guide, CloudTrail record contents (documented).
"""

from __future__ import annotations

import hashlib
import json
import math
from itertools import starmap
from typing import Any

from ..clock import as_datetime
from ..service.arns import default_caller, dns_suffix, trial_component_arn
from ..service.journal import Call
from ..service.numbers import as_sent
from ..service.operations import operation_named
from ..service.outcomes import Failure
from ..service.parsing import RefusedRequestError
from ..service.put_metrics.parser import check_trial_component_name, readable_members
from ..service.put_metrics.request import PutMetrics
from ..settings import Settings
from .identities import is_service, user_identity

EVENT_SOURCE = "metrics-sagemaker.amazonaws.com"
RESOURCE_TYPE = "AWS::SageMaker::ExperimentTrialComponent"

_SOURCE_ADDRESS = "192.0.2.0"  # an address reserved for documentation
_MOST_PARAMETERS = 100 * 1024  # bytes
_MOST_TEXT = 1024  # bytes
_ERROR_CODES = {"AccessDeniedException": "AccessDenied"}


def is_recorded(call: Call) -> bool:
    """Return True if CloudTrail records a call: it reached the service, answered or not."""
    operation = operation_named(call.operation)
    if operation is None or not operation.is_data_event:
        return False
    return call.in_service is None or isinstance(call.in_service, Failure)


def record_of(call: Call, settings: Settings) -> dict[str, Any]:
    """Return the record of a call: plain data, in CloudTrail's field order."""
    time = _in_words(math.floor(call.timestamp.timestamp()))
    account_id = settings.account_id
    caller = settings.caller_arn or default_caller(call.region, account_id)
    return {
        "eventVersion": "1.11",
        "userIdentity": user_identity(caller, time, call.access_key),
        "eventTime": time,
        "eventSource": EVENT_SOURCE,
        "eventName": call.operation,
        "awsRegion": call.region,
        **_origin(call, caller),
        **_error(call.in_service),
        "requestParameters": _request_parameters(call),
        "responseElements": None,
        "requestID": call.request_id,
        "eventID": event_id(call.request_id),
        "readOnly": False,
        "resources": _resources(call, account_id),
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": account_id,
        "eventCategory": "Data",
        "tlsDetails": _tls_details(call),
    }


def _origin(call: Call, caller: str) -> dict[str, str]:
    """Return the address and the user agent; both are the DNS name of a service that calls."""
    if is_service(caller):
        return {"sourceIPAddress": caller, "userAgent": caller}
    return {"sourceIPAddress": _SOURCE_ADDRESS, "userAgent": _truncated(call.user_agent)}


def _in_words(second: int) -> str:
    return as_datetime(second).isoformat().replace("+00:00", "Z")


def event_id(request_id: str, kind: str = "event") -> str:
    """Return a UUID that depends on the request id, which depends on seed, test and ordinal."""
    digits = hashlib.sha256(f"{kind} of {request_id}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _error(in_service: object) -> dict[str, str]:
    if not isinstance(in_service, Failure):
        return {}
    message = _truncated(in_service.message)
    return {"errorCode": error_code_of(in_service.code), "errorMessage": message}


def error_code_of(code: str) -> str:
    """Return the form in which CloudTrail writes an error code of the service."""
    return _ERROR_CODES.get(code, code)


def _truncated(text: str) -> str:
    return text.encode("utf-8", "replace")[:_MOST_TEXT].decode("utf-8", "ignore")


def _resources(call: Call, account_id: str) -> list[dict[str, str]]:
    """Return the trial component as a resource; none if its name is invalid."""
    if not _is_valid_name(call.trial_component):
        return []
    arn = trial_component_arn(call.region, account_id, str(call.trial_component))
    return [{"accountId": account_id, "type": RESOURCE_TYPE, "ARN": arn}]


def _is_valid_name(name: str | None) -> bool:
    try:
        check_trial_component_name(name or "")
    except RefusedRequestError:
        return False
    return True


def _tls_details(call: Call) -> dict[str, str]:
    default = f"metrics.sagemaker.{call.region}.{dns_suffix(call.region)}"
    return {
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": call.host or default,
    }


def _request_parameters(call: Call) -> dict[str, Any] | None:
    put = call.parsed
    if not isinstance(put, PutMetrics):
        return _readable_parameters(call.body)
    return {
        "trialComponentName": put.trial_component_name,
        "metricData": list(starmap(_metric, put.rows())),
    }


def _readable_parameters(body: bytes) -> dict[str, Any] | None:
    """Return the members that can be read of a malformed request; None if they are too long."""
    try:
        name, metrics = readable_members(body)
    except RefusedRequestError:
        return None
    parameters: dict[str, Any] = {} if name is None else {"trialComponentName": name}
    if metrics is not None:
        members = ("MetricName", "Timestamp", "Step", "Value")
        parameters["metricData"] = [_metric(*map(metric.get, members)) for metric in metrics]
    length = len(json.dumps(parameters, separators=(",", ":")))
    return parameters if length <= _MOST_PARAMETERS else None


def _metric(name: Any, timestamp: Any, step: Any, value: Any) -> dict[str, Any]:
    metric: dict[str, Any] = {}
    if name is not None:
        metric["metricName"] = name
    if timestamp is not None:
        metric["timestamp"] = round(float(timestamp) * 1000)
    if step is not None:
        metric["step"] = int(step)
    if value is not None:
        metric["value"] = as_sent(value)
    return metric
