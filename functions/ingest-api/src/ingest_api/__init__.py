"""Serves and orders ingestion over HTTP: jobs, rulesets, verification, retention, figures."""
