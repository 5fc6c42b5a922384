"""EventBridge's envelope around a record."""

from __future__ import annotations

from typing import Any

from .records import event_id


def envelope(record: dict[str, Any]) -> dict[str, Any]:
    """Return the event that EventBridge delivers for a record.

    Source: Amazon EventBridge Events Reference, SageMaker metrics events (documented). The id is
    made from the record's id, which is our choice.
    """
    return {
        "version": "0",
        "id": event_id(record["eventID"], "EventBridge"),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.metrics-sagemaker",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }
