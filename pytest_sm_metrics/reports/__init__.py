"""Reports: a test as plain data, and what is rendered from it."""
