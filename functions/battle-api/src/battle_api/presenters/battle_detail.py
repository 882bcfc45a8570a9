"""Builds the detail of a battle from rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from battle_api.domain.battle_rows import Jumps, LinkRow, Names, PartyRow, SideShipRow
from battle_api.domain.list_rows import ListRows
from battle_api.domain.participant_rows import LossRow, Participant, ShipRow
from battle_api.domain.rounds import fight_rounds
from battle_api.domain.rows import Battle, BattleKillmail, NameKey
from battle_api.presenters.battle_list import battle_fields
from battle_api.presenters.killmails import killmail_items, killmail_name_keys, pods
from battle_api.presenters.lines import with_lists
from battle_api.presenters.participants import participant_items, top_killers, top_losers
from battle_api.presenters.sides import PartyContext, SideContext, party_item, side_item
from battle_api.schemas import battles as schemas

POSTER_DELAY: Final = timedelta(hours=72)  # zKillboard's longest delay of posting


@dataclass(frozen=True, slots=True)
class BattleRows:
    """All rows from which the detail of a battle is built."""

    battle: Battle
    list_rows: ListRows
    systems: Sequence[schemas.SystemItem]
    sides: Sequence[schemas.SideRow]
    parties: Sequence[PartyRow]
    party_context: PartyContext
    side_ships: Sequence[SideShipRow]
    killmails: Sequence[BattleKillmail]
    participants: Sequence[Participant]
    ships: Sequence[ShipRow]
    losses: Sequence[LossRow]
    reasons: Sequence[schemas.LinkReason]
    links: Sequence[LinkRow]
    jumps: Jumps
    suggestions: Sequence[Mapping[str, Any]]
    alias_ids: Sequence[UUID]
    edit_count: int


def detail_name_keys(killmails: Iterable[BattleKillmail], side_ships: Iterable[SideShipRow]) -> frozenset[NameKey]:
    return killmail_name_keys(killmails).union(("ship_type", ship.ship_type_id) for ship in side_ships)


def battle_detail(rows: BattleRows, names: Names) -> bytes:
    """The JSON of `schemas.BattleDetail`."""
    battle = rows.battle
    killmails, entities = killmail_items(rows.killmails, names, pods(rows.killmails, names))
    sides = SideContext(rows.parties, rows.side_ships, rows.killmails, rows.party_context)
    fields: dict[str, Any] = {**battle_fields(battle, rows.list_rows), "edit_count": rows.edit_count}
    head = schemas.BattleHead.model_construct(
        **fields,
        created_at=battle.created_at,
        poster_delay_until=battle.end_time + POSTER_DELAY,
        alias_ids=list(rows.alias_ids),
        systems=list(rows.systems),
        rounds=[schemas.RoundItem(**r._asdict()) for r in fight_rounds([k.occurred_at for k in rows.killmails])],
        doubts=_doubts(rows),
        sides=[side_item(row, sides, names) for row in rows.sides],
        unassigned=[party_item(party, rows.party_context) for party in rows.parties if party.side_id is None],
        top_killers=top_killers(rows.participants),
        top_losers=top_losers(rows.participants),
        separate_fights=battle.separate_fights,
        link_reasons=list(rows.reasons),
        links=link_items(rows.links, rows.killmails, rows.jumps),
        suggestions=[
            schemas.Suggestion(doubt=suggestion["doubt"], groups=[suggestion["first"], suggestion["second"]])
            for suggestion in rows.suggestions
        ],
    )
    return with_lists(
        head.model_dump_json(by_alias=True).encode(),
        killmails=killmails,
        entities=entities,
        participants=participant_items(rows.participants, rows.ships, rows.losses),
    )


def _doubts(rows: BattleRows) -> list[str]:
    doubts = dict.fromkeys(suggestion["doubt"] for suggestion in rows.suggestions)
    if rows.battle.separate_fights:
        doubts["separate_fights"] = None
    if any(party.side_id is None for party in rows.parties):
        doubts["unassigned_parties"] = None
    return list(doubts)


def link_items(links: Sequence[LinkRow], killmails: Iterable[BattleKillmail], jumps: Jumps) -> list[schemas.LinkItem]:
    """The links between these killmails."""
    by_id = {killmail.killmail_id: killmail for killmail in killmails}
    pilots = {
        killmail_id: pilots_of(by_id[killmail_id])
        for killmail_id in {i for link in links for i in (link.from_killmail_id, link.to_killmail_id)} & by_id.keys()
    }
    return [
        _link_item(
            link,
            by_id[link.from_killmail_id],
            by_id[link.to_killmail_id],
            len(pilots[link.from_killmail_id] & pilots[link.to_killmail_id]),
            jumps,
        )
        for link in links
        if link.from_killmail_id in by_id and link.to_killmail_id in by_id
    ]


def _link_item(
    link: LinkRow, first: BattleKillmail, second: BattleKillmail, shared_pilots: int, jumps: Jumps
) -> schemas.LinkItem:
    return schemas.LinkItem(
        from_killmail_id=link.from_killmail_id,
        to_killmail_id=link.to_killmail_id,
        reason=link.reason,
        score=link.score,
        delta_seconds=int(abs((second.occurred_at - first.occurred_at).total_seconds())),
        quiet_limit_seconds=link.quiet_limit_seconds,
        shared_pilots=shared_pilots,
        jumps=jumps.between(first.system_id, second.system_id),
    )


def pilots_of(killmail: BattleKillmail) -> frozenset[int]:
    pilots = frozenset(killmail.attacker_character_ids)
    return pilots | {killmail.victim_character_id} if killmail.victim_character_id else pilots
