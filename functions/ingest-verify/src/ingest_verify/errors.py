"""What may come of asking the source for its list of a day, named as outcomes; each is a sentence."""


class ListingNotPublished(Exception):  # noqa: N818  # named as an outcome
    """The source has no list of that day yet; later it may."""


class SourceUnavailable(Exception):  # noqa: N818  # named as an outcome
    """The source does not answer, or does not want to be asked now; it is left alone until the next tick."""
