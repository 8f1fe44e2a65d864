"""Telling people: the channel interface, its registry and the channels."""
