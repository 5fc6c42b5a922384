"""BatchPutMetrics: its requests, its rules, and what it does."""
