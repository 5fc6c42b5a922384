"""BatchPutMetrics: its requests, its rules and its answers."""
