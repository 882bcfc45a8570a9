"""Serves battles over HTTP and accepts manual edits."""
