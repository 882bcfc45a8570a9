"""Closes battles that were inactive for long enough, in event time."""
