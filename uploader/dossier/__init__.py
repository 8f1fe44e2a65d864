"""The evidence file handed to the authority."""
