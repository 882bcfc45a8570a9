"""The whole report of one battle."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from battle_api.presenters import (
    Names,
    item_fields,
    killmail,
    killmail_name_keys,
    list_name_keys,
    participant_name_keys,
    participants,
)
from battle_api.repositories.rows import (
    Battle,
    Killmail,
    Link,
    MainAlliance,
    NameKey,
    Participant,
    Party,
    Reason,
    Ship,
    Side,
    SideShip,
)
from battle_api.schemas import battles

_TOP: Final = 10


@dataclass(frozen=True, slots=True)
class BattleRows:
    """All rows of one battle."""

    battle: Battle
    main: Sequence[MainAlliance]
    sides: Sequence[Side]
    parties: Sequence[Party]
    side_ships: Sequence[SideShip]
    killmails: Sequence[Killmail]
    participants: Sequence[Participant]
    ships: Sequence[Ship]
    reasons: Sequence[Reason]
    links: Sequence[Link]
    suggestions: Sequence[Mapping[str, Any]]
    edit_count: int

    def name_keys(self) -> Iterator[NameKey]:
        yield from list_name_keys([self.battle], self.main)
        yield from ((party.party_type, party.party_id) for party in self.parties)
        yield from (("ship_type", ship.ship_type_id) for ship in self.side_ships)
        yield from killmail_name_keys(self.killmails)
        yield from participant_name_keys(self.participants, self.ships)


def party(row: Party, names: Names) -> battles.PartyItem:
    return battles.PartyItem(
        party_type=row.party_type,
        party_id=row.party_id,
        party_name=names.get((row.party_type, row.party_id)),
        role=row.role,
        confidence=round(row.confidence, 3),
        evidence=round(row.evidence, 3),
        pilots=row.pilots,
        kills=row.kills,
        losses=row.losses,
        isk_destroyed=row.isk_destroyed,
        isk_lost=row.isk_lost,
    )


def side(row: Side, parties: Sequence[Party], ships: Iterable[SideShip], names: Names) -> battles.SideItem:
    own = [party for party in parties if party.side_id == row.side_id]
    alliances = [
        battles.SideAlliance(
            alliance_id=party.party_id,
            alliance_name=names.get(("alliance", party.party_id)),
            pilots=party.pilots,
            isk_destroyed=party.isk_destroyed,
            isk_lost=party.isk_lost,
        )
        for party in own
        if party.party_type == "alliance"
    ]
    return battles.SideItem(
        side_id=row.side_id,
        pilots=row.pilots,
        kills=row.kills,
        losses=row.losses,
        ships_destroyed=row.ships_destroyed,
        ships_lost=row.ships_lost,
        isk_destroyed=row.isk_destroyed,
        isk_lost=row.isk_lost,
        isk_efficiency=float(row.isk_efficiency),
        alliances=alliances,
        top_alliances=alliances[:5],
        parties=[party(each, names) for each in own],
        ship_types=[
            battles.ShipCount(
                ship_type_id=ship.ship_type_id,
                ship_type_name=names.get(("ship_type", ship.ship_type_id)),
                count=ship.count,
            )
            for ship in ships
            if ship.side_id == row.side_id
        ],
    )


def detail(whole: BattleRows, names: Names) -> battles.BattleDetail:
    battle = whole.battle
    return battles.BattleDetail(
        **item_fields(battle, whole.main, names),
        created_at=battle.created_at,
        last_killmail_at=battle.last_killmail_at,
        revision=battle.revision,
        killmails=[killmail(mail, names) for mail in whole.killmails],
        participants=participants(whole.participants, whole.ships, names),
        sides=[side(row, whole.parties, whole.side_ships, names) for row in whole.sides],
        unassigned=[party(row, names) for row in whole.parties if row.side_id is None],
        top_killers=_top_killers(whole.participants, names),
        top_losers=_top_losers(whole.participants, names),
        outcome=battles.Outcome(is_decisive=battle.is_decisive, winning_side=battle.winning_side),
        separate_fights=battle.separate_fights,
        link_reasons=[battles.LinkReason(reason=row.reason, count=row.count) for row in whole.reasons],
        links=[
            battles.LinkItem(
                from_killmail_id=link.from_killmail_id,
                to_killmail_id=link.to_killmail_id,
                reason=link.reason,
                score=round(link.score, 3),
            )
            for link in whole.links
        ],
        suggestions=[
            battles.Suggestion(doubt=one["doubt"], groups=[one["first"], one["second"]]) for one in whole.suggestions
        ],
        edit_count=whole.edit_count,
    )


def _top_killers(pilots: Iterable[Participant], names: Names) -> list[battles.TopKiller]:
    killers = sorted((p for p in pilots if p.kills), key=lambda p: (-p.kills, -p.isk_destroyed, p.character_id))
    return [
        battles.TopKiller(
            character_id=pilot.character_id,
            character_name=names.get(("character", pilot.character_id)),
            side_id=pilot.side_id,
            kills=pilot.kills,
            isk_destroyed=pilot.isk_destroyed,
        )
        for pilot in killers[:_TOP]
    ]


def _top_losers(pilots: Iterable[Participant], names: Names) -> list[battles.TopLoser]:
    losers = sorted((p for p in pilots if p.deaths), key=lambda p: (-p.isk_lost, -p.deaths, p.character_id))
    return [
        battles.TopLoser(
            character_id=pilot.character_id,
            character_name=names.get(("character", pilot.character_id)),
            side_id=pilot.side_id,
            deaths=pilot.deaths,
            isk_lost=pilot.isk_lost,
        )
        for pilot in losers[:_TOP]
    ]
