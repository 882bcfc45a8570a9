"""A killmail as ESI words it, turned into the context's own value.

In between a body is made plain: a tuple of what grouping needs, a fraction of its size, that any process takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from battle_cluster.detection.classification import KillmailSummary
from battle_cluster.domain.killmail import Attacker, Killmail, Party, Victim
from battle_cluster.domain.parties import party_of, pilot_of
from battlescope_schemas.entity import NPC_CHARACTERS
from battlescope_schemas.killmail import InvalidKillmail

Row = tuple[Any, ...]

HULL_GUESS: Final = 3e6
ISK_PER_DAMAGE: Final = 2000.0

_ID_TYPES: Final = {int, type(None)}
_HIGHEST: Final = 2**63


class Plain(NamedTuple):
    """A body made plain.

    value: ISK, where somebody said it.
    victim, attackers: character, corporation, alliance, faction, ship type; of an attacker also the damage done and
    whether the final blow was his.
    """

    killmail_id: int
    time: int
    system_id: int
    value: float | None
    damage_taken: int
    victim: Row
    attackers: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class StaticData:
    """Group and category of ship types, and the systems within two gate jumps of each."""

    types: Mapping[int, tuple[int, int | None]]
    nearby: Mapping[int, frozenset[int]]


def plain(body: Any) -> Plain:
    """What grouping needs of an ESI body, with the value that its `zkb` part may tell.

    Raises:
        NotAKillmail: something is missing or is no number where it must be one.
    """
    try:
        victim, zkb = body["victim"], body.get("zkb")
        found = Plain(
            body["killmail_id"], _seconds(body["killmail_time"]), body["solar_system_id"],
            _value(zkb), victim.get("damage_taken", 0), _who(victim), tuple(map(_shot, body["attackers"])),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise InvalidKillmail(f"it lacks or spoils {error}") from error
    _check(found)
    return found


def mail_of(found: Plain, static_data: StaticData, value: float) -> Killmail:
    """The mail, worth what the caller says: archives older than prices need a choice (`guessed_value`, or 0)."""
    return Killmail(
        found.killmail_id,
        found.time,
        found.system_id,
        value,
        _victim(found.victim, static_data),
        tuple([_attacker(row) for row in found.attackers]),
        static_data.nearby.get(found.system_id, frozenset()),
    )


def sketch(found: Plain, static_data: StaticData) -> KillmailSummary:
    victim = _victim(found.victim, static_data)
    attackers = frozenset(row[0] for row in found.attackers if row[0] is not None and row[0] not in NPC_CHARACTERS)
    return KillmailSummary(
        found.killmail_id,
        found.time,
        found.system_id,
        victim,
        attackers if victim.character_id is None else attackers | {victim.character_id},
        bool(attackers),
        frozenset([row[1] for row in found.attackers]),
        static_data.nearby.get(found.system_id, frozenset()),
    )


def _victim(row: Row, static_data: StaticData) -> Victim:
    character, corporation, alliance, faction, ship = row
    pilot, party = _stand(character, corporation, alliance, faction)
    group, category = static_data.types.get(ship, (None, None))
    return Victim(pilot, corporation, alliance, party, ship, group, category)


def _attacker(row: Row) -> Attacker:
    character, corporation, alliance, faction, ship, damage, final = row
    pilot, party = _stand(character, corporation, alliance, faction)
    return Attacker(pilot, corporation, alliance, party, ship, damage, final)


@lru_cache(maxsize=65_536)  # a busy day has fewer pilots, and most are seen again and again
def _stand(
    character: int | None, corporation: int | None, alliance: int | None, faction: int | None
) -> tuple[int | None, Party | None]:
    """The pilot, and whom he fights for."""
    return pilot_of(character), party_of(character, corporation, alliance, faction)


def guessed_value(damage_taken: int) -> float:
    """What stands in for a price when evidence is weighed: a larger hull takes more damage. No figure to be shown."""
    return HULL_GUESS + ISK_PER_DAMAGE * damage_taken


def _seconds(text: str) -> int:
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def _value(zkb: Any) -> float | None:
    """Nothing where it is no number from 0 on: a loss is none the less one for that."""
    if not isinstance(zkb, dict):
        return None
    value = cast("dict[str, Any]", zkb).get("totalValue")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if value >= 0 else None


def _who(ids: Any) -> Row:
    get = ids.get
    return (
        get("character_id"), get("corporation_id"), get("alliance_id"), get("faction_id"), ids["ship_type_id"]
    )  # fmt: skip


def _shot(ids: Any) -> Row:
    get = ids.get
    return (
        get("character_id"), get("corporation_id"), get("alliance_id"), get("faction_id"), get("ship_type_id"),
        get("damage_done", 0), get("final_blow", False),
    )  # fmt: skip


def _check(found: Plain) -> None:
    """Whole numbers are whole numbers: what is wrong is told here, where the line is known."""
    must = (found.killmail_id, found.system_id, found.damage_taken, found.victim[4])
    ids: set[type] = {type(one) for row in (found.victim, *found.attackers) for one in row[:5]}
    shots: set[type] = {type(row[5]) for row in found.attackers}
    if {*map(type, must)} != {int} or not ids <= _ID_TYPES or not shots <= {int}:
        raise InvalidKillmail("an id or a damage in it is no whole number")
    if not 0 < found.killmail_id < _HIGHEST:
        raise InvalidKillmail(f"{found.killmail_id} is no killmail id")
