"""One file format per module; each reads hostile bytes into a Reading."""
