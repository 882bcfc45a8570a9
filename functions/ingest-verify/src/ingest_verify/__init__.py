"""Compares days with their source's lists, finds gaps and removes data beyond its retention."""
