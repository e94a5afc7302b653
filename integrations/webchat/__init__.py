"""The web chat: our own page at `/` and the shapes it speaks in."""
