"""What the providers' simulators share: a loopback server with a clock, a journal, faults, webhook calls and a page.

A simulator (integrations/*/simulator.py) adds its provider's rules to `simulator.Simulator`. Nothing here is used by
the hotline at work; it exists for tests and for trying the hotline without an account.
"""
