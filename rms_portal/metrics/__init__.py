"""What the installation counts and measures, for Prometheus."""
