"""Composition only: the command line, the app factory, the process supervisor."""
