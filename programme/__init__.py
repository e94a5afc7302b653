"""The business itself: content packs, answers, communes. No web, no database, no Rasa in sight."""
