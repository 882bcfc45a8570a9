"""Expected failures of ingest-poll; the text of each is a full sentence for logs and operators."""


class KillmailNotFound(Exception):  # noqa: N818  # an expected outcome, not a fault
    """ESI has no such killmail; a retry will not help."""


class LeaseLost(Exception):  # noqa: N818  # an expected outcome, not a fault
    """Another run holds the feed lease, so this run must not write anything more."""
