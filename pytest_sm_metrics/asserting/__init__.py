"""Asserting: the assertion helpers, and what fails a test by itself."""
