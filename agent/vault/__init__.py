"""The evidence vault: deposits, journal, checkpoints and the derived index."""
