"""What may come of asking others, named as outcomes; each is a sentence."""


class UnavailableError(Exception):  # noqa: N818  # an outcome: something does not answer now, the text names it
    """Something this function needs does not answer now; trying again later may help."""


class KillmailNotFound(Exception):  # noqa: N818  # an outcome: whoever was asked has no such thing
    """Whoever was asked answers that there is no such thing; asking again will not help."""


class LeaseLost(Exception):  # noqa: N818  # an outcome: another run has taken over
    """Another run follows the feed now, so nothing more may be written by this one."""
