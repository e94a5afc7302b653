"""Hotline's own components of Rasa's NLU pipeline, and the pure text rules they are made of."""
