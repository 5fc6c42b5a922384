"""The service itself, in plain Python: it knows HTTP bodies and AWS's rules, and nothing of botocore or pytest."""
