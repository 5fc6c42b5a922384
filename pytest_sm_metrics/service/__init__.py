"""The service in plain Python.

It knows HTTP bodies and AWS's rules. It does not know botocore or pytest.
"""
