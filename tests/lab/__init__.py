"""Real servers on loopback, inside a network namespace of their own: for the tests and for `make demo`."""
