"""The form's actions, for rasa-sdk in the app (Python 3.11) and for the stock action server (Python 3.10)."""
