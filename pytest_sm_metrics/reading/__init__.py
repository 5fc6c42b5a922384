"""Reading: what the service recorded, and why something is absent."""
