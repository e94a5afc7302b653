"""The maturity survey: its definition, the answers, the score, the advice. No I/O."""
