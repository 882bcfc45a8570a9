"""The two ways in which a killmail cannot be enriched; the handler tells them to the sender of the event."""


class Unavailable(Exception):  # noqa: N818  # named as an outcome
    """Something this function needs does not answer now; the text names it."""


class Unusable(Exception):  # noqa: N818  # named as an outcome
    """What was found can never be enriched; the text says why."""
