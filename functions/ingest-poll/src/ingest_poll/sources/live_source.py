"""The port of live killmails, which the feed and its standby implement."""

from typing import Final, Protocol

from ingest_poll.feed.batch import FetchedFiles
from ingest_poll.feed.feed_state import FeedPosition

STANDBY_UPSTREAM: Final = "standby-feed"  # the name of the standby's cooldown, where it is another host than the feed


class LiveReader(Protocol):
    """Reads a source for one run. Two runs may overlap in one process, so each has its own requests in flight."""

    async def fetch(self, position: FeedPosition) -> FetchedFiles:
        """The next files after `position`; the position after them says when to ask again.

        `problem` of the result says what the source did wrong.
        """
        ...

    def close(self) -> None:
        """Cancel the requests in flight."""
        ...


class LiveSource(Protocol):
    """A source of killmails that are being published now. It keeps no position: that is stored with what was read."""

    @property
    def url(self) -> str:
        """The address below which refused files are found."""
        ...

    def open(self) -> LiveReader:
        """A reader for one run."""
        ...


class PrimaryReader(LiveReader, Protocol):
    """Reads the primary source, which keeps its files for a while."""

    async def fetch_backlog(self, position: FeedPosition) -> FetchedFiles:
        """The next files after `position` and before its head, beside those that `fetch` reads."""
        ...


class PrimarySource(LiveSource, Protocol):
    """The source whose position leaves a backlog after an outage."""

    def open(self) -> PrimaryReader: ...
