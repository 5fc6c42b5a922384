"""Faults: their kinds, their filters, and their injection into requests."""
