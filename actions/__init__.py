"""What the bot does when a flow asks: rasa-sdk custom actions, one module per flow, run inside the app."""
