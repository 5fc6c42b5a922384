"""Failure sweeps: every way in which the service can fail, at every call that a test makes."""
