"""Small honest classes that stand for what tests cannot have."""
