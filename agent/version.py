"""The version, read by the build and by `carenage --version`."""

VERSION = "0.1.0"
