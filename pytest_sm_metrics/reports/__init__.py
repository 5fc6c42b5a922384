"""Reports: the record of a test as plain data, and the section that is rendered from it."""
