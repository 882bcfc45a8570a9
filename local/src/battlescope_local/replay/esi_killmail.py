"""Killmails in ESI's JSON format, converted to the battle context's `Killmail`.

The intermediate form is a tuple of the fields that clustering needs: a fraction of the JSON's size, cheap to send to
a worker process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from battle_cluster.domain.killmail import Attacker, Killmail, Party, Victim, party_of, pilot_of
from battlescope_schemas.entity import NPC_CHARACTERS
from battlescope_schemas.killmail import InvalidKillmail

Row = tuple[Any, ...]

BASE_VALUE: Final = 3e6
ISK_PER_DAMAGE: Final = 2000.0

_ID_TYPES: Final = {int, type(None)}
_ID_LIMIT: Final = 2**63


class ParsedKillmail(NamedTuple):
    """The fields of a killmail that clustering needs.

    value: ISK; None if the killmail has no zKillboard part or no value in it.
    victim: character, corporation, alliance, faction, ship type.
    attackers: the same of each attacker, and the damage done and whether this was the final blow.
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
    """Group and category of ship types, and the systems within two gate jumps of each system."""

    types: Mapping[int, tuple[int, int | None]]
    nearby: Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class KillmailSummary:
    """The fields of a killmail that decide its kind and its partition; built in a third of a `Killmail`'s time."""

    killmail_id: int
    time: int
    system_id: int
    victim: Victim
    pilot_ids: frozenset[int]
    has_attacking_player: bool
    attacking_corporations: frozenset[int | None]
    nearby_system_ids: frozenset[int]


def parse_killmail(body: Any) -> ParsedKillmail:
    """Parse ESI's JSON, with the value of zKillboard's `zkb` part if there is one.

    Raises:
        InvalidKillmail: a field is missing or has the wrong type.
    """
    try:
        victim, zkb = body["victim"], body.get("zkb")
        parsed = ParsedKillmail(
            body["killmail_id"], _seconds(body["killmail_time"]), body["solar_system_id"], _value(zkb),
            victim.get("damage_taken", 0), _victim_row(victim), tuple(map(_attacker_row, body["attackers"])),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise InvalidKillmail(f"a field is missing or malformed: {error}") from error
    _check_numbers(parsed)
    return parsed


def build_killmail(parsed: ParsedKillmail, static_data: StaticData, value: float) -> Killmail:
    """The killmail with this value. The caller chooses the value of a killmail without one: `estimated_value` or 0."""
    return Killmail(
        parsed.killmail_id,
        parsed.time,
        parsed.system_id,
        value,
        _victim(parsed.victim, static_data),
        tuple([_attacker(row) for row in parsed.attackers]),
        static_data.nearby.get(parsed.system_id, frozenset()),
    )


def summarize(parsed: ParsedKillmail, static_data: StaticData) -> KillmailSummary:
    victim = _victim(parsed.victim, static_data)
    attackers = frozenset(row[0] for row in parsed.attackers if row[0] is not None and row[0] not in NPC_CHARACTERS)
    return KillmailSummary(
        parsed.killmail_id,
        parsed.time,
        parsed.system_id,
        victim,
        attackers if victim.character_id is None else attackers | {victim.character_id},
        bool(attackers),
        frozenset([row[1] for row in parsed.attackers]),
        static_data.nearby.get(parsed.system_id, frozenset()),
    )


def _victim(row: Row, static_data: StaticData) -> Victim:
    character, corporation, alliance, faction, ship = row
    pilot, party = _pilot_and_party(character, corporation, alliance, faction)
    group, category = static_data.types.get(ship, (None, None))
    return Victim(pilot, corporation, alliance, party, ship, group, category)


def _attacker(row: Row) -> Attacker:
    character, corporation, alliance, faction, ship, damage, final = row
    pilot, party = _pilot_and_party(character, corporation, alliance, faction)
    return Attacker(pilot, corporation, alliance, party, ship, damage, final)


@lru_cache(maxsize=65_536)  # a busy day has fewer pilots, and most of them are on many killmails
def _pilot_and_party(
    character: int | None, corporation: int | None, alliance: int | None, faction: int | None
) -> tuple[int | None, Party | None]:
    return pilot_of(character), party_of(character, corporation, alliance, faction)


def estimated_value(damage_taken: int) -> float:
    """A substitute for the price as weight of evidence: larger hulls take more damage. Never published."""
    return BASE_VALUE + ISK_PER_DAMAGE * damage_taken


def _seconds(text: str) -> int:
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def _value(zkb: Any) -> float | None:
    """The value; None unless it is a number from 0 on. A killmail with a malformed value is still valid."""
    if not isinstance(zkb, dict):
        return None
    value = cast("dict[str, Any]", zkb).get("totalValue")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if value >= 0 else None


def _victim_row(ids: Any) -> Row:
    get = ids.get
    return (
        get("character_id"), get("corporation_id"), get("alliance_id"), get("faction_id"), ids["ship_type_id"]
    )  # fmt: skip


def _attacker_row(ids: Any) -> Row:
    get = ids.get
    return (
        get("character_id"), get("corporation_id"), get("alliance_id"), get("faction_id"), get("ship_type_id"),
        get("damage_done", 0), get("final_blow", False),
    )  # fmt: skip


def _check_numbers(parsed: ParsedKillmail) -> None:
    """Check that ids and damage are integers: an error raised here can name the line of the file."""
    required = (parsed.killmail_id, parsed.system_id, parsed.damage_taken, parsed.victim[4])
    id_types: set[type] = {type(value) for row in (parsed.victim, *parsed.attackers) for value in row[:5]}
    damage_types: set[type] = {type(row[5]) for row in parsed.attackers}
    if {*map(type, required)} != {int} or not id_types <= _ID_TYPES or not damage_types <= {int}:
        raise InvalidKillmail("an id or a damage is not an integer")
    if not 0 < parsed.killmail_id < _ID_LIMIT:
        raise InvalidKillmail(f"{parsed.killmail_id} is not a killmail id")
