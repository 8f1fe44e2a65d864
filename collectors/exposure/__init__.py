"""One exposure-audit vendor per module."""
