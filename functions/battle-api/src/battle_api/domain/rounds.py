"""The rounds of a battle: stretches of losses with quiet between them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

# As in detection: a fight that is silent for longer ends, and what comes after is another round.
QUIET: Final = timedelta(minutes=10)


class FightRound(NamedTuple):
    start_time: datetime
    end_time: datetime
    killmails: int


def fight_rounds(times: Sequence[datetime]) -> list[FightRound]:
    """The rounds of losses at these times, which ascend."""
    rounds: list[FightRound] = []
    for time in times:
        if rounds and time - rounds[-1].end_time <= QUIET:
            rounds[-1] = rounds[-1]._replace(end_time=time, killmails=rounds[-1].killmails + 1)
        else:
            rounds.append(FightRound(time, time, 1))
    return rounds
