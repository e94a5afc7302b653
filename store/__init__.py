"""Memory and shared words: settings, clock, messages, tables, encryption. Imports no other room."""
