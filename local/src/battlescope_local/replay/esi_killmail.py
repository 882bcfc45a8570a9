"""Killmails of files, converted to the battle context's `Killmail`.

The intermediate form is a tuple of the fields that clustering needs: a fraction of the JSON's size, cheap to send to
a worker process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from battle_cluster.domain.killmail import Attacker, Killmail, Party, Victim, party_of, pilot_of
from battlescope_schemas.enriched import ValueSource
from battlescope_schemas.killmail import NO_ZKB_VALUES, ArchivedKillmail, read_killmail
from killmail_enrich.valuation.killmail_value import KillmailValue
from killmail_enrich.valuation.shown_value import shown_value

Row = tuple[Any, ...]

BASE_VALUE: Final = 3e6
ISK_PER_DAMAGE: Final = 2000.0


class ParsedKillmail(NamedTuple):
    """The fields of a killmail that clustering needs.

    value: ISK that is shown, as in the live system; None where neither zKillboard nor prices give one.
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
    is_computed: bool = False


ValueOf = Callable[[ArchivedKillmail], KillmailValue | None]
"""Computes a value; None where it has no prices."""


def no_prices(_: ArchivedKillmail) -> None:
    """No value can be computed."""


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


def parse_killmail(text: bytes, now: datetime, value_of: ValueOf = no_prices) -> ParsedKillmail:
    """Read one killmail of a file; in ESI's format it may have zKillboard's `zkb` part.

    value_of: asked where zKillboard's value is missing or refused.

    Raises:
        InvalidKillmail: the text is no killmail.
    """
    killmail = read_killmail(text, now=now)
    victim = killmail.victim
    shown = shown_value(killmail.zkb, None, has_hull=victim.ship_type_id != 0)
    if shown.source is None:
        shown = shown_value(NO_ZKB_VALUES, value_of(killmail))
    return ParsedKillmail(
        killmail.killmail_id,
        int(killmail.killmail_time.timestamp()),
        killmail.solar_system_id,
        None if shown.total is None else float(shown.total),
        victim.damage_taken,
        (victim.character_id, victim.corporation_id, victim.alliance_id, victim.faction_id, victim.ship_type_id),
        tuple([
            (a.character_id, a.corporation_id, a.alliance_id, a.faction_id, a.ship_type_id, a.damage_done, a.final_blow)
            for a in killmail.attackers
        ]),
        shown.source is ValueSource.COMPUTED,
    )  # fmt: skip


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
    attackers = [_pilot_and_party(*row[:4]) for row in parsed.attackers]
    pilots = frozenset([pilot for pilot, _ in attackers if pilot is not None])
    return KillmailSummary(
        parsed.killmail_id,
        parsed.time,
        parsed.system_id,
        victim,
        pilots if victim.character_id is None else pilots | {victim.character_id},
        any(party is not None for _, party in attackers),
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
