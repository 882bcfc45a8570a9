"""Everything the servers share: the feed, the mails by id and day, names, static data, chance and the clock."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from battlescope_upstream.content.names import NameBook
from battlescope_upstream.content.published_feed import Feed
from battlescope_upstream.content.reference_data import Reference
from battlescope_upstream.fault_settings import FaultSettings
from battlescope_upstream.killmail import Mail
from battlescope_upstream.simulation.feed import GroundTruth


@dataclass(frozen=True, slots=True)
class StaticData:
    build: int
    latest: bytes
    zip: Callable[[], bytes]


@dataclass(slots=True)
class SimulatedWorld:
    """`chance` draws the faults of answers; what a file says never depends on it."""

    feed: Feed
    mails: Mapping[int, Mail]
    reference: Reference
    names: NameBook
    static: StaticData
    truth: GroundTruth | None
    clock: Callable[[], float]
    seed: int
    chance: Random
    answers: Counter[str] = field(default_factory=Counter[str])

    @property
    def dials(self) -> FaultSettings:
        return self.feed.dials

    def now(self) -> float:
        """The moment, with the feed brought up to it."""
        moment = self.clock()
        self.feed.advance(moment)
        return moment

    def drawn(self, share: float) -> bool:
        return share > 0 and self.chance.random() < share

    def days(self) -> dict[str, list[Mail]]:
        found: dict[str, list[Mail]] = {}
        for mail in self.mails.values():
            found.setdefault(f"{datetime.fromtimestamp(mail.at, UTC):%Y%m%d}", []).append(mail)
        return found
