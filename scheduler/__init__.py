"""When things happen: a ticker, due jobs, and what each does."""
