"""The command line: parse, call one service, print, return an exit code."""
