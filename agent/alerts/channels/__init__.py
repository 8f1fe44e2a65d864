"""One alert channel per module."""
