"""Adds names and locations to each ingested killmail."""
