"""Real services for tests: each starts its own, on a free port, and ends what it started."""
