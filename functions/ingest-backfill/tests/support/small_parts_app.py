"""The function with small parts, so that a kill meets it between many of them. Started by test_process.py."""

from ingest_backfill.main import app
from ingest_backfill.sources import base

base.KILLMAILS_PER_PART = 4
__all__ = ["app"]
