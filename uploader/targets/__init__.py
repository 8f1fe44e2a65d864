"""One delivery target per module."""
