"""The services a test run needs, one module each: how to find, start and stop it."""
