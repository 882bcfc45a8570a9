"""Words and numbers of cards and pages of shares."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from battle_api.domain.list_rows import TopPartyRow
from battle_api.domain.rows import Battle
from battle_api.domain.shares import SharedBattle
from battle_api.presenters.share.arrangement import arrange, party_of_side

MAX_NAME: Final = 22  # characters; a longer name is shown as its ticker
# What the font of the image has: Latin, Greek and Cyrillic with common punctuation.
_DRAWABLE: Final = re.compile("[ -~\u00a0-\u024f\u0370-\u03ff\u0400-\u052f\u1e00-\u1eff\u2010-\u2027\u20a0-\u20bf]+")
_UNITS: Final = ((10**12, "t"), (10**9, "b"), (10**6, "m"), (10**3, "k"))
_ROUNDS_UP_FROM: Final = Decimal("999.5")


def isk_text(amount: Decimal) -> str:
    """With three digits and a unit, such as 56.7b."""
    for size, unit in _UNITS:
        scaled = amount / size
        # 999.7m is 1b: rounding must not give four digits.
        if scaled >= 1 or amount >= _ROUNDS_UP_FROM * size / 1000:
            digits = 0 if scaled >= Decimal("99.95") else 1
            text = f"{max(scaled, Decimal(1)):.{digits}f}"
            return f"{text.removesuffix('.0')}{unit}"
    return f"{amount:.0f}"


def duration_text(seconds: int) -> str:
    """In hours and minutes, such as 1h 23m."""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}h {minutes:02d}m" if hours else f"{minutes}m"


def time_text(time: datetime) -> str:
    """In the time of the game, which is UTC."""
    return f"{time:%Y-%m-%d %H:%M} EVE"


def is_drawable(text: str) -> bool:
    return bool(_DRAWABLE.fullmatch(text))


def drawable(candidates: Iterable[str | None], otherwise: str) -> str:
    """The first text that the font can draw."""
    return next((text for text in candidates if text and is_drawable(text)), otherwise)


def party_text(party: TopPartyRow | None, side_id: int) -> str:
    """The name of a party if it is short enough, else its ticker, else the beginning of the name."""
    if party is None:
        return f"Side {side_id}"
    name = party.party_name
    if name and len(name) <= MAX_NAME and is_drawable(name):
        return name
    shortened = f"{name[: MAX_NAME - 1].rstrip()}…" if name and len(name) > MAX_NAME else None
    ticker = f"[{party.ticker}]" if party.ticker else None
    return drawable((ticker, shortened), f"Unknown {party.party_type.capitalize()} #{party.party_id}"[:40])


def system_text(battle: Battle) -> str:
    return drawable((battle.system_name,), f"System {battle.system_id}")


def region_text(battle: Battle) -> str:
    return drawable((battle.region_name,), "")


def title(shared: SharedBattle) -> str:
    """Such as "Meridian Compact v Iron Vanguard in UH-9ZG, 346b lost"."""
    facing = [side.side_id for side in arrange(shared).facing]
    names = " v ".join(_full_name(party_of_side(shared, side_id), side_id) for side_id in facing)
    place = shared.battle.system_name or f"system {shared.battle.system_id}"
    return f"{names or 'Battle'} in {place}, {isk_text(shared.battle.total_isk_destroyed)} lost"


def description(shared: SharedBattle) -> str:
    """Such as "960 pilots, 289 ships, 1h 23m, 2026-11-27 18:42 EVE"."""
    battle = shared.battle
    return (
        f"{battle.total_participants:,} pilots, {shared.ships:,} ships, {duration_text(battle.duration_seconds)}, "
        f"{time_text(battle.start_time)}"
    )


def _full_name(party: TopPartyRow | None, side_id: int) -> str:
    return (party and party.party_name) or party_text(party, side_id)
