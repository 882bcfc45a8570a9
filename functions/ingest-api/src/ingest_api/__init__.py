"""Serves ingestion over HTTP: backfill jobs, rulesets, verification, retention and statistics."""
