"""Builds killmails and timelines from rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from battle_api.domain.battle_rows import Names
from battle_api.domain.capsules import PilotLoss, ships_of_capsules
from battle_api.domain.participant_rows import FirstSeenRow, LossRow
from battle_api.domain.rows import Battle, BattleKillmail, NameKey
from battle_api.presenters.lines import (
    BestLinkLine,
    EntitiesLine,
    FinalBlowLine,
    KillmailLine,
    NamedEntityLine,
    OrganisationLine,
    PilotsSeenLine,
    SideShotsLine,
    TimelineEventLine,
    TimelineLine,
    text,
)
from battlescope_schemas.enriched import ValueConfidence, ValueSource
from battlescope_schemas.killmail import CAPSULE_GROUP
from battlescope_schemas.ships.hulls import hull_class

CAPSULES: Final = frozenset({670, 33328})


def zkb_url(killmail_id: int) -> str:
    return f"https://zkillboard.com/kill/{killmail_id}/"


def killmail_name_keys(killmails: Iterable[BattleKillmail]) -> frozenset[NameKey]:
    """What a list names of killmails and their attackers: sets, because a large battle repeats its people."""
    ids: dict[str, set[int | None]] = defaultdict(set)
    for killmail in killmails:
        _add_victim(killmail, ids)
        ids["alliance"].update(killmail.attacker_alliance_ids)
        ids["corporation"].update(killmail.attacker_corporation_ids)
        ids["character"].update(killmail.attacker_character_ids)
        ids["alliance"].add(killmail.final_blow_alliance_id)
        ids["corporation"].add(killmail.final_blow_corporation_id)
        ids["character"].add(killmail.final_blow_character_id)
        ids["ship_type"].add(killmail.final_blow_ship_type_id)
    return _keys(ids)


def victim_name_keys(killmails: Iterable[BattleKillmail]) -> frozenset[NameKey]:
    """What a timeline names of killmails."""
    ids: dict[str, set[int | None]] = defaultdict(set)
    for killmail in killmails:
        _add_victim(killmail, ids)
    return _keys(ids)


def _add_victim(killmail: BattleKillmail, ids: Mapping[str, set[int | None]]) -> None:
    ids["system"].add(killmail.system_id)
    ids["ship_type"].add(killmail.ship_type_id)
    ids["alliance"].add(killmail.victim_alliance_id)
    ids["corporation"].add(killmail.victim_corporation_id)
    ids["character"].add(killmail.victim_character_id)


def _keys(ids: Mapping[str, Iterable[int | None]]) -> frozenset[NameKey]:
    return frozenset((kind, entity_id) for kind, of_kind in ids.items() for entity_id in of_kind if entity_id)


def value_provenance(killmail: BattleKillmail) -> tuple[ValueSource | None, ValueConfidence | None]:
    """Source and confidence of a value. Rows of older releases have the values of zKillboard, and 0 where unknown."""
    basis = killmail.value_basis or ("zkb" if killmail.isk_value else "unknown")
    if basis == "unknown":
        return None, None
    source, _, confidence = basis.partition("-")
    return ValueSource(source), ValueConfidence(confidence) if confidence else None


def pods(killmails: Iterable[BattleKillmail], names: Names) -> Mapping[int, int]:
    """By killmail of a capsule: that of the ship from which it was left, among these killmails."""
    return ships_of_capsules(
        PilotLoss(
            killmail.killmail_id,
            killmail.occurred_at,
            killmail.victim_character_id,
            killmail.ship_type_id in CAPSULES or names.ship_groups.get(killmail.ship_type_id) == CAPSULE_GROUP,
        )
        for killmail in killmails
    )


def pods_of_losses(losses: Iterable[LossRow]) -> Mapping[int, int]:
    """As `pods`, among all losses of these pilots."""
    return ships_of_capsules(
        PilotLoss(loss.killmail_id, loss.occurred_at, loss.character_id, loss.is_capsule) for loss in losses
    )


class EntityTable:
    """Numbers the attackers of an answer in the order in which its killmails name them."""

    def __init__(self, killmails: Sequence[BattleKillmail], names: Names) -> None:
        self._names = names
        self._alliances = _numbers(
            (killmail.attacker_alliance_ids, killmail.final_blow_alliance_id) for killmail in killmails
        )
        self._corporations = _numbers(
            (killmail.attacker_corporation_ids, killmail.final_blow_corporation_id) for killmail in killmails
        )
        self._characters = _numbers(
            (killmail.attacker_character_ids, killmail.final_blow_character_id) for killmail in killmails
        )

    # Ascending, because lists of the same attackers are then the same text, which compresses.

    def alliances(self, ids: Iterable[int]) -> list[int]:
        return sorted(map(self._alliances.__getitem__, ids))

    def corporations(self, ids: Iterable[int]) -> list[int]:
        return sorted(map(self._corporations.__getitem__, ids))

    def characters(self, ids: Iterable[int]) -> list[int]:
        return sorted(map(self._characters.__getitem__, ids))

    def final_blow(self, killmail: BattleKillmail) -> FinalBlowLine | None:
        """None in rows of releases that did not store it."""
        if not killmail.attacker_count:
            return None
        return FinalBlowLine(
            character=self._characters.get(killmail.final_blow_character_id or 0),
            corp=self._corporations.get(killmail.final_blow_corporation_id or 0),
            alliance=self._alliances.get(killmail.final_blow_alliance_id or 0),
            ship_type_id=text(killmail.final_blow_ship_type_id),
            ship_type_name=self._names.name("ship_type", killmail.final_blow_ship_type_id),
        )

    def entities(self) -> EntitiesLine:
        names = self._names
        return EntitiesLine(
            alliances=[_organisation("alliance", i, names) for i in self._alliances],
            corporations=[_organisation("corporation", i, names) for i in self._corporations],
            characters=[NamedEntityLine(str(i), names.name("character", i)) for i in self._characters],
        )


def _numbers(mentioned: Iterable[tuple[Iterable[int], int | None]]) -> dict[int, int]:
    """A number for each id, in the order in which they are mentioned first."""
    distinct: dict[int, None] = {}
    for ids, final_blow in mentioned:
        distinct.update(dict.fromkeys(ids))
        if final_blow is not None:
            distinct[final_blow] = None
    return {entity_id: number for number, entity_id in enumerate(distinct)}


def _organisation(entity_type: str, entity_id: int, names: Names) -> OrganisationLine:
    return OrganisationLine(str(entity_id), names.name(entity_type, entity_id), names.ticker(entity_type, entity_id))


def killmail_items(
    killmails: Sequence[BattleKillmail], names: Names, pod_of: Mapping[int, int]
) -> tuple[list[KillmailLine], EntitiesLine]:
    """The killmails, and the table that their indexes point into."""
    table = EntityTable(killmails, names)
    items = [_killmail_item(killmail, names, table, pod_of.get(killmail.killmail_id)) for killmail in killmails]
    return items, table.entities()


def _killmail_item(killmail: BattleKillmail, names: Names, table: EntityTable, pod_of: int | None) -> KillmailLine:
    source, confidence = value_provenance(killmail)
    group = names.ship_groups.get(killmail.ship_type_id)
    return KillmailLine(
        killmail_id=str(killmail.killmail_id),
        zkb_url=zkb_url(killmail.killmail_id),
        timestamp=killmail.occurred_at,
        occurred_at=killmail.occurred_at,
        system_id=str(killmail.system_id),
        system_name=names.name("system", killmail.system_id),
        victim_alliance_id=text(killmail.victim_alliance_id),
        victim_alliance_name=names.name("alliance", killmail.victim_alliance_id),
        victim_corp_id=text(killmail.victim_corporation_id),
        victim_corp_name=names.name("corporation", killmail.victim_corporation_id),
        victim_character_id=text(killmail.victim_character_id),
        victim_character_name=names.name("character", killmail.victim_character_id),
        victim_ticker=names.ticker("alliance", killmail.victim_alliance_id)
        or names.ticker("corporation", killmail.victim_corporation_id),
        ship_type_id=str(killmail.ship_type_id),
        ship_type_name=names.name("ship_type", killmail.ship_type_id),
        ship_group_id=text(group),
        ship_group_name=names.name("ship_group", group),
        hull_class=hull_class(group),
        final_blow=table.final_blow(killmail),
        attacker_count=killmail.attacker_count,
        attackers_by_side=[
            SideShotsLine(side_id, attackers, damage) for side_id, attackers, damage in killmail.attackers_by_side
        ],
        attacker_alliances=table.alliances(killmail.attacker_alliance_ids),
        attacker_corps=table.corporations(killmail.attacker_corporation_ids),
        attacker_characters=table.characters(killmail.attacker_character_ids),
        npc=killmail.npc,
        solo=killmail.solo,
        awox=killmail.awox,
        pod_of=text(pod_of),
        linked_by=_best_link(killmail),
        isk_value=killmail.isk_value,
        fitted_value=killmail.fitted_value,
        dropped_value=killmail.dropped_value,
        unpriced_types=killmail.unpriced_types,
        value_source=source,
        value_confidence=confidence,
        side_id=killmail.side_id,
    )


def _best_link(killmail: BattleKillmail) -> BestLinkLine | None:
    if killmail.link_reason is None or killmail.link_score is None:
        return None
    return BestLinkLine(killmail.link_reason, round(killmail.link_score, 3))


def timeline(
    battle: Battle, killmails: Sequence[BattleKillmail], names: Names, first_seen: Iterable[FirstSeenRow]
) -> TimelineLine:
    pod_of = pods(killmails, names)
    events = [
        TimelineEventLine(
            timestamp=killmail.occurred_at,
            relative_time=int((killmail.occurred_at - battle.start_time).total_seconds()),
            killmail_id=str(killmail.killmail_id),
            system_id=str(killmail.system_id),
            victim_name=_victim_name(killmail, names),
            victim_ship=names.name("ship_type", killmail.ship_type_id),
            ship_type_id=str(killmail.ship_type_id),
            hull_class=hull_class(names.ship_groups.get(killmail.ship_type_id)),
            victim_side=killmail.side_id,
            pod_of=text(pod_of.get(killmail.killmail_id)),
            isk_value=killmail.isk_value,
            zkb_url=zkb_url(killmail.killmail_id),
        )
        for killmail in killmails
    ]
    return TimelineLine(str(battle.id), battle.revision, events, _pilots_seen(battle, first_seen))


def _pilots_seen(battle: Battle, first_seen: Iterable[FirstSeenRow]) -> list[PilotsSeenLine]:
    pilots: dict[int | None, int] = defaultdict(int)
    seen: list[PilotsSeenLine] = []
    for row in first_seen:
        pilots[row.side_id] += row.pilots
        second = int((row.first_seen_at - battle.start_time).total_seconds())
        seen.append(PilotsSeenLine(second, row.side_id, pilots[row.side_id]))
    return seen


def _victim_name(killmail: BattleKillmail, names: Names) -> str | None:
    """The pilot's name; for a structure, which has no pilot, the name of the owning corporation."""
    if killmail.victim_character_id is not None:
        return names.name("character", killmail.victim_character_id)
    return names.name("corporation", killmail.victim_corporation_id)
