"""What the promises with numbers are measured by. `make bench` runs all."""
