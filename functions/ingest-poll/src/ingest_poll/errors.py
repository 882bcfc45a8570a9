"""Expected failures of ingest-poll; the text of each is a full sentence for logs and operators."""


class KillmailNotFound(Exception):
    """ESI has no such killmail; a retry will not help."""


class LeaseLost(Exception):
    """Another run holds the feed lease, so this run must not write anything more."""
