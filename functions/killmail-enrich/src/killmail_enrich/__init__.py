"""Gives each filed killmail its names and places."""
