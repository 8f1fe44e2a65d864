"""One source of public names and addresses per module."""
