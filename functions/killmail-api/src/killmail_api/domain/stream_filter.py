"""Which items a client wants: its topics, and for killmails and battles the values that it filters by."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from battlescope_schemas.live.log import BattleSummary, LiveBattle, LiveBattles
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from killmail_api.domain.stream_items import Missed, StreamItem
from killmail_api.schemas.killmails import Summary

EVERY_SECURITY_TYPE = frozenset(SecurityType)


@dataclass(frozen=True, slots=True)
class Topics:
    """killmails: all new ones. battles: all changes. battle_ids: the changes of these."""

    killmails: bool = False
    battles: bool = False
    battle_ids: frozenset[str] = frozenset()

    @property
    def has_battles(self) -> bool:
        return self.battles or bool(self.battle_ids)


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """An empty set selects everything. Values of one field are alternatives, fields must all match.

    hull_classes: of the victim's ship; battles have none. alliance_ids, corp_ids, character_ids: of victims and
    attackers; a change of a battle names alliances only, so that the other two do not apply to battles.
    """

    topics: Topics
    security_types: frozenset[SecurityType] = EVERY_SECURITY_TYPE
    system_ids: frozenset[int] = frozenset()
    region_ids: frozenset[int] = frozenset()
    alliance_ids: frozenset[int] = frozenset()
    corp_ids: frozenset[int] = frozenset()
    character_ids: frozenset[int] = frozenset()
    hull_classes: frozenset[HullClass] = frozenset()
    min_isk: Decimal = field(default=Decimal(0))

    @property
    def has_entities(self) -> bool:
        return bool(self.alliance_ids or self.corp_ids or self.character_ids)

    @property
    def is_narrow(self) -> bool:
        """Whether more than the security type is asked for."""
        return bool(self.system_ids or self.region_ids or self.hull_classes or self.min_isk or self.has_entities)

    def select(self, items: Iterable[StreamItem]) -> list[StreamItem]:
        """The items that the client wants, in their order."""
        return [item for item in items if self.matches(item)]

    def matches(self, item: StreamItem) -> bool:
        subject = item.subject
        match subject:
            case Summary():
                return self.topics.killmails and self.matches_killmail(subject)
            case LiveBattle():
                return subject.battle_id in self.topics.battle_ids or (
                    self.topics.battles and (subject.battle is None or self._matches_battle(subject.battle))
                )
            case LiveBattles():
                return self.topics.battles or not self.topics.battle_ids.isdisjoint(subject.battle_ids)
            case Missed():
                return self.topics.has_battles

    def matches_killmail(self, killmail: Summary) -> bool:
        return (
            self._matches_place(killmail.security_type, killmail.system_id, killmail.region_id)
            and (not self.hull_classes or killmail.hull_class in self.hull_classes)
            and (not self.min_isk or (killmail.isk_value or 0) >= self.min_isk)
            and _has_any(self.alliance_ids, killmail.victim_alliance_id, killmail.attacker_alliance_ids)
            and _has_any(self.corp_ids, killmail.victim_corp_id, killmail.attacker_corp_ids)
            and _has_any(self.character_ids, killmail.victim_character_id, killmail.attacker_character_ids)
        )

    def _matches_battle(self, battle: BattleSummary) -> bool:
        alliance_ids = [alliance_id for side in battle.sides for alliance_id in side.alliance_ids]
        return (
            self._matches_place(battle.security_type, battle.system_id, battle.region_id)
            and battle.total_isk_destroyed >= self.min_isk
            and _has_any(self.alliance_ids, None, alliance_ids)
        )

    def _matches_place(self, security_type: SecurityType | None, system_id: int, region_id: int | None) -> bool:
        return (
            (security_type in self.security_types or self.security_types == EVERY_SECURITY_TYPE)
            and (not self.system_ids or system_id in self.system_ids)
            and (not self.region_ids or region_id in self.region_ids)
        )


def _has_any(wanted: frozenset[int], one: int | None, others: Iterable[int]) -> bool:
    return not wanted or one in wanted or not wanted.isdisjoint(others)
