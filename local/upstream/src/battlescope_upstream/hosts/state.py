"""State that all hosts share: the feed, killmails by id and day, names, static data, random faults and the clock."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from battlescope_upstream.content.characters import CharacterBook
from battlescope_upstream.content.names import NameDirectory
from battlescope_upstream.content.published_feed import PublishedFeed
from battlescope_upstream.content.reference_data import ReferenceData
from battlescope_upstream.fault_settings import FaultSettings
from battlescope_upstream.killmail import Killmail
from battlescope_upstream.simulation.feed import GroundTruth


@dataclass(frozen=True, slots=True)
class StaticData:
    build: int
    latest_line: bytes
    read_zip: Callable[[], bytes]


@dataclass(slots=True)
class UpstreamState:
    """`market_days`: days with prices before the first killmail.

    `rng` draws the faults of responses; the content of a file never depends on it.
    """

    feed: PublishedFeed
    killmails: Mapping[int, Killmail]
    reference: ReferenceData
    names: NameDirectory
    static_data: StaticData
    truth: GroundTruth | None
    clock: Callable[[], float]
    seed: int
    rng: Random
    market_days: int = 0
    response_counts: Counter[str] = field(default_factory=Counter[str])
    characters: CharacterBook = field(default_factory=CharacterBook)

    @property
    def faults(self) -> FaultSettings:
        return self.feed.faults

    def advance_to_now(self) -> float:
        """Publish what is due; the current time in Unix seconds."""
        now = self.clock()
        self.feed.advance(now)
        return now

    def is_drawn(self, share: float) -> bool:
        return share > 0 and self.rng.random() < share

    def killmails_by_day(self) -> dict[str, list[Killmail]]:
        """The history. Days are written as YYYYMMDD, in UTC."""
        now, by_day = self.advance_to_now(), dict[str, list[Killmail]]()
        killmails = self.feed.listed_killmails(now) if self.faults.live_history else self.killmails.values()
        for killmail in killmails:
            by_day.setdefault(f"{datetime.fromtimestamp(killmail.killed_at, UTC):%Y%m%d}", []).append(killmail)
        return by_day
