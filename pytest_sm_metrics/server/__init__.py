"""The server: the service over HTTP, for every process and every language."""
