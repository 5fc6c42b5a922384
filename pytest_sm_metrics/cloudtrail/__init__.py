"""CloudTrail: the data events of SageMaker Metrics, as an auditor sees them."""
