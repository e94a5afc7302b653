"""A conversation's way from an incoming message to its delivered reply."""
