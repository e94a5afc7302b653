"""The pages of officers, administrators, vendors and commune staff."""
