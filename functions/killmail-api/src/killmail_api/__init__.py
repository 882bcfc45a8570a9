"""Serves recent and single killmails over HTTP."""
