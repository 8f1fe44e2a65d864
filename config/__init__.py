"""The configuration file: its model, its secrets, and the programmes as data."""
