"""Activation: `mock_sm_metrics` as a context manager, as a decorator, and for start and stop."""
