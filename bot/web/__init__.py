"""The public port: web chat, provider webhooks, health."""
