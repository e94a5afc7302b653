"""A survey of 20 questions that our service and the stock Rasa server both serve, from the same trained archive."""
