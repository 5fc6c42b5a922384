"""BatchGetMetrics: its requests, its rules, and what it answers."""
