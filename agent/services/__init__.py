"""Use cases: each takes ports, does one step of the way through the house."""
