"""The pure heart: standard library only, no I/O, no clock."""
