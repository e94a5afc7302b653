"""Every process of the hotline is killed at random instants under load; the platforms' journals tell the outcome."""
