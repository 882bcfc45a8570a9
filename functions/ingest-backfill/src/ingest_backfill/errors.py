"""What may come of asking others, named as outcomes; each is a sentence."""

from dataclasses import dataclass
from datetime import datetime


class UnavailableError(Exception):  # noqa: N818  # an outcome: something of ours does not answer now, the text names it
    """A store of ours does not answer now; the same event is worth another delivery."""


class DayNotFound(Exception):  # noqa: N818  # an outcome: the source has no such day
    """The source has nothing of this day, and asking again will not help."""


class UnreadableSource(Exception):  # noqa: N818  # an outcome: what a source gave cannot be read as a whole
    """What the source gave is no day of mails."""


class LeaseLost(Exception):  # noqa: N818  # an outcome: another worker is at this day
    """Another worker has taken over the day, so nothing more may be written by this one."""


class JobCancelled(Exception):  # noqa: N818  # an outcome: nobody wants this day any more
    """The job of this day was cancelled."""


class ConcurrentInsert(Exception):  # noqa: N818  # an outcome: the live feed was quicker
    """Some of these mails became known while they were prepared; what is left of them is to be filed."""


@dataclass
class SourceCoolingDown(Exception):  # noqa: N818  # an outcome: the source wants to be left alone
    """A source wants to be left alone, or does not answer, until a moment that is kept in the database."""

    source: str
    until: datetime
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} It is left alone until {self.until:%Y-%m-%d %H:%M:%S} UTC."
