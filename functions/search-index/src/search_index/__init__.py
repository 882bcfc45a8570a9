"""Indexes battles, killmails and everything with a name for search."""
