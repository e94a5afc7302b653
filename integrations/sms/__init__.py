"""SMS gateways: one folder each. What they share is gateway.py, which of them there are is registry.py."""
