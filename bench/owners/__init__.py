"""Simulated owners who take the survey, the model that knows what must follow, and what compares the two."""
