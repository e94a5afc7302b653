"""The world outside, one folder per provider."""
