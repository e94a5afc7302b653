"""Understanding and dialogue: Rasa in its own Python 3.10 environment. Imports nothing of the other rooms."""
