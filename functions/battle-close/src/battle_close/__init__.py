"""Closes battles that have been quiet long enough, in event time."""
