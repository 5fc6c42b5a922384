"""Faults: what they are, which there are, and where they meet requests."""
