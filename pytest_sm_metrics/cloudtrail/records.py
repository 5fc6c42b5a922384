"""CloudTrail's records: one for each attempt that reached the service.

Sources: Amazon SageMaker Developer Guide, Monitor experiment training metrics with AWS CloudTrail, and AWS CloudTrail User Guide,
CloudTrail record contents (documented).
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import lru_cache
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
from .identities import user_identity

EVENT_SOURCE = "metrics-sagemaker.amazonaws.com"
RESOURCE_TYPE = "AWS::SageMaker::ExperimentTrialComponent"

_SOURCE_ADDRESS = "192.0.2.0"  # of those that are set aside for documentation
_MOST_PARAMETERS = 100 * 1024  # bytes
_MOST_TEXT = 1024  # bytes
_ERROR_CODES = {"AccessDeniedException": "AccessDenied"}


def is_recorded(call: Call) -> bool:
    """Return True if CloudTrail has an event of a call: it reached the service, also if its answer was lost."""
    operation = operation_named(call.operation)
    if operation is None or not operation.is_data_event:
        return False
    return call.in_service is None or isinstance(call.in_service, Failure)


def record_of(call: Call, settings: Settings) -> dict[str, Any]:
    """The record of a call: plain data, in CloudTrail's field order."""
    time = _in_words(math.floor(call.timestamp.timestamp()))
    account_id, name = settings.account_id, call.trial_component
    parsed = call.parsed
    is_sound = isinstance(parsed, PutMetrics) or _is_sound(name)
    return {
        "eventVersion": "1.11",
        "userIdentity": user_identity(
            settings.caller_arn or default_caller(call.region, account_id), time
        ),
        "eventTime": time,
        "eventSource": EVENT_SOURCE,
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": _SOURCE_ADDRESS,
        "userAgent": _cut(call.user_agent),
        **_error(call.in_service),
        "requestParameters": _parameters(parsed)
        if isinstance(parsed, PutMetrics)
        else _readable_parameters(call.body),
        "responseElements": None,
        "requestID": call.request_id,
        "eventID": event_id(call.request_id),
        "readOnly": False,
        "resources": [
            {
                "accountId": account_id,
                "type": RESOURCE_TYPE,
                "ARN": trial_component_arn(call.region, account_id, str(name)),
            }
        ]
        if is_sound
        else [],
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": account_id,
        "eventCategory": "Data",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": call.host
            or f"metrics.sagemaker.{call.region}.{dns_suffix(call.region)}",
        },
    }


@lru_cache(maxsize=64)
def _in_words(second: int) -> str:
    return as_datetime(second).isoformat().replace("+00:00", "Z")


def event_id(request_id: str, what: str = "event") -> str:
    """A UUID that depends on the request's alone, which depends on seed, test and ordinal."""
    digits = hashlib.sha256(f"{what} of {request_id}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _error(in_service: object) -> dict[str, str]:
    if not isinstance(in_service, Failure):
        return {}
    return {"errorCode": error_code_of(in_service.code), "errorMessage": _cut(in_service.message)}


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:_MOST_TEXT].decode("utf-8", "ignore")


def error_code_of(code: str) -> str:
    """What CloudTrail writes for an error code of the service."""
    return _ERROR_CODES.get(code, code)


def _is_sound(name: str | None) -> bool:
    try:
        check_trial_component_name(name or "")
    except RefusedRequestError:
        return False
    return True


def _parameters(put: PutMetrics) -> dict[str, Any]:
    rows = zip(put.names, put.timestamps, put.steps, put.values, strict=True)
    return {
        "trialComponentName": put.trial_component_name,
        "metricData": list(starmap(_metric, rows)),
    }


def _readable_parameters(body: bytes) -> dict[str, Any] | None:
    """What can be read of a malformed request."""
    try:
        name, metrics = readable_members(body)
    except RefusedRequestError:
        return None
    parameters: dict[str, Any] = {} if name is None else {"trialComponentName": name}
    if metrics is not None:
        members = ("MetricName", "Timestamp", "Step", "Value")
        parameters["metricData"] = [_metric(*map(metric.get, members)) for metric in metrics]
    return (
        parameters
        if len(json.dumps(parameters, separators=(",", ":"))) <= _MOST_PARAMETERS
        else None
    )


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
