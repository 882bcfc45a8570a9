"""Serves battles over HTTP."""
