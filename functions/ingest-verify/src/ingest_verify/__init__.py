"""Compares days with the list of their source, finds gaps, removes what is too old."""
