"""One pure rule each, named by the programmes."""
