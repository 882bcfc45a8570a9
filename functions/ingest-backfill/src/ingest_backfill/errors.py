"""Expected outcomes of ingest-backfill; the text of each is a full sentence for logs and operators."""


class DayNotFound(Exception):
    """The source has no data for this day; a retry will not help."""


class UnreadableSource(Exception):
    """The source's content for a day cannot be read."""


class MalformedSource(UnreadableSource):
    """The content is no whole file of its format. The source may have the whole one later."""


class LeaseLost(Exception):
    """Another worker holds the lease of the day, so this worker must not write anything more."""


class JobCancelled(Exception):
    """An operator has cancelled the job of this day."""


class ConcurrentInsert(Exception):
    """Another writer has inserted some of these killmails since they were checked; the remaining ones are retried."""
