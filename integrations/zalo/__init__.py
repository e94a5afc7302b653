"""Zalo Official Account, OpenAPI v3.0: webhook, client, tokens, windows."""
