"""The function with small parts, so that a kill meets it between many of them. Run by test_process.py."""

from ingest_backfill.main import app
from ingest_backfill.sources import day_sources

day_sources.MAILS_A_PART = 4  # pyright: ignore[reportConstantRedefinition]  # what is patched
__all__ = ["app"]
