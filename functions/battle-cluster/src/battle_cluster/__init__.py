"""Assigns killmails to battles and publishes the changes."""
