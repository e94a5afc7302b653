"""The product's survey on a stock action server: `python -m rasa_sdk --actions bench.stock_actions`, in our .venv."""
