"""Expected outcomes of a request for a day's list; the text of each is a full sentence for logs and operators."""


class ListingNotPublished(Exception):
    """The source has no list of that day yet; a later request may succeed."""
