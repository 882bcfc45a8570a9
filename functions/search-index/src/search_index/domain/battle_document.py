"""The document of a battle, from its state, its participations and the names of what took part."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from battlescope_schemas.battle import BattleCreated, BattleSide, BattleStatus
from battlescope_schemas.names.shown_names import shown_name
from battlescope_schemas.search.documents import (
    MAX_CHARACTER_NAMES,
    AllianceShare,
    BattleDocument,
    ComputedIskDocument,
    IskPartsDocument,
    LossesOverTimeDocument,
    SideDocument,
    SideLossesDocument,
)
from battlescope_schemas.search.folding import compact, compacted, folded
from search_index.domain.entity_key import ALLIANCE, CHARACTER, CORPORATION, SYSTEM, EntityKey
from search_index.domain.killmail import SolarSystem
from search_index.domain.participation import Participation
from search_index.domain.scores import battle_score

_MAIN_ALLIANCES: Final = 5

Participations = Mapping[EntityKey, Participation]


class Named(NamedTuple):
    """A stored name, with its ticker where it has one."""

    name: str
    ticker: str | None = None


Names = Mapping[EntityKey, Named]


def keys_by_involvement(participations: Participations, entity_type: str) -> list[EntityKey]:
    """The entities of a type, those on the most killmails first."""
    keys = [key for key in participations if key[0] == entity_type]
    return sorted(keys, key=lambda key: (-participations[key].kills - participations[key].losses, key))


def named_keys(participations: Participations) -> list[EntityKey]:
    """The entities whose names the document has."""
    characters = keys_by_involvement(participations, CHARACTER)[:MAX_CHARACTER_NAMES]
    return [*(key for key in participations if key[0] in {ALLIANCE, CORPORATION}), *characters]


def battle_document(
    state: BattleCreated,
    ended_revision: int,
    participations: Participations,
    names: Names,
    systems: Mapping[int, SolarSystem],
) -> BattleDocument:
    """The document without its long lists of ids and without its words; `completed` adds them."""
    system = systems.get(state.system_id)
    system_keys = keys_by_involvement(participations, SYSTEM)
    return BattleDocument(
        id=state.battle_id,
        revision=state.revision,
        name=state.name,
        system_id=str(state.system_id),
        system_name=state.system_name or _system_name(state.system_id, systems),
        constellation_id=str(system.constellation_id) if system else None,
        constellation_name=system.constellation_name if system else None,
        region_id=str(state.region_id),
        region_name=state.region_name or shown_name("region", state.region_id, system.region_name if system else None),
        security_type=state.security_type,
        security_status=system.security_status if system else None,
        system_class=system.wormhole_class if system else None,
        system_effect=system.system_effect if system else None,
        status=_status(state, ended_revision),
        tier=state.tier,
        start_time=int(state.start_time.timestamp()),
        end_time=int(state.end_time.timestamp()),
        duration=int((state.end_time - state.start_time).total_seconds()),
        total_kills=state.total_kills,
        total_participants=state.participant_count,
        total_isk_destroyed=int(state.total_isk_destroyed),
        isk_destroyed=str(state.total_isk_destroyed),
        battle_score=battle_score(state.total_isk_destroyed, state.total_kills, state.participant_count),
        system_ids=tuple(str(system_id) for _, system_id in system_keys),
        system_names=tuple(_system_name(system_id, systems) for _, system_id in system_keys),
        alliance_names=_names(keys_by_involvement(participations, ALLIANCE), names),
        corp_names=_names(keys_by_involvement(participations, CORPORATION), names),
        character_names=_names(keys_by_involvement(participations, CHARACTER)[:MAX_CHARACTER_NAMES], names),
        sides=tuple(_side(side, names) for side in state.sides),
        main_alliances=tuple(_main_alliances(participations, names)),
        computed_isk=_computed_isk(state),
        isk_parts=_isk_parts(state),
        is_decisive=state.is_decisive,
        winning_side=state.winning_side,
        unassigned_pilots=state.unassigned_pilots,
        spark=_spark(state),
        edit_count=state.edit_count,
        zkill_related_url=state.zkill_related_url,
    )


def words_of(document: BattleDocument, tickers: Iterable[str]) -> tuple[str, ...]:
    """The folded words of everything by which a battle is found; a name of several words also as one."""
    texts = [document.name, document.system_name, document.region_name, document.constellation_name]
    texts += [*document.system_names, *document.alliance_names, *document.corp_names, *document.character_names]
    words = {word for text in texts if text for word in _words(text)}
    return tuple(sorted(words | {compact(ticker) for ticker in tickers}))


@lru_cache(maxsize=16_384)  # a battle in progress is indexed again and again, with nearly the same names
def _words(text: str) -> tuple[str, ...]:
    folded_text = folded(text)
    return (*folded_text.split(), compacted(folded_text))


def tickers_of(participations: Participations, names: Names) -> Iterator[str]:
    for key in participations:
        named = names.get(key)
        if named is not None and named.ticker:
            yield named.ticker


def completed(document: BattleDocument, ids: Mapping[str, Sequence[str]], words: tuple[str, ...]) -> BattleDocument:
    """The document as a search engine copies it: with the ids of each entity type, and with its words."""
    return document.model_copy(
        update={
            "alliance_ids": tuple(ids.get(ALLIANCE, ())),
            "corp_ids": tuple(ids.get(CORPORATION, ())),
            "character_ids": tuple(ids.get(CHARACTER, ())),
            "ship_type_ids": tuple(ids.get("ship_type", ())),
            "words": words,
        }
    )


def _status(state: BattleCreated, ended_revision: int) -> BattleStatus:
    is_over = state.status is BattleStatus.OPEN and ended_revision >= state.revision
    return BattleStatus.CLOSED if is_over else state.status


def _system_name(system_id: int, systems: Mapping[int, SolarSystem]) -> str:
    system = systems.get(system_id)
    return shown_name(SYSTEM, system_id, system.system_name if system else None)


def _names(keys: Iterable[EntityKey], names: Names) -> tuple[str, ...]:
    return tuple(names[key].name for key in keys if key in names)


def _main_alliances(participations: Participations, names: Names) -> Iterator[AllianceShare]:
    """Those with the most pilots, by the last killmail of each pilot."""
    pilots = Counter(
        participation.alliance_id
        for (entity_type, _), participation in participations.items()
        if entity_type == CHARACTER and participation.alliance_id is not None
    )
    for alliance_id, count in sorted(pilots.items(), key=lambda entry: (-entry[1], entry[0]))[:_MAIN_ALLIANCES]:
        named = names.get((ALLIANCE, alliance_id))
        yield AllianceShare(
            alliance_id=str(alliance_id),
            alliance_name=shown_name(ALLIANCE, alliance_id, named.name if named else None),
            ticker=named.ticker if named else None,
            participant_count=count,
        )


def _side(side: BattleSide, names: Names) -> SideDocument:
    top = side.top_party
    named = names.get((top.party_type, top.party_id)) if top else None
    return SideDocument(
        side_id=side.side_id,
        role=side.role,
        pilots=side.pilots,
        kills=side.kills,
        losses=side.losses,
        isk_destroyed=str(side.isk_destroyed),
        isk_lost=str(side.isk_lost),
        isk_lost_fitted=None if side.isk_lost_fitted is None else str(side.isk_lost_fitted),
        top_party_type=top.party_type if top else None,
        top_party_id=str(top.party_id) if top else None,
        top_party_name=shown_name(top.party_type, top.party_id, named.name if named else None) if top else None,
        top_party_ticker=named.ticker if named else None,
        party_count=side.party_count,
    )


def _computed_isk(state: BattleCreated) -> ComputedIskDocument | None:
    computed = state.computed_isk
    if computed is None:
        return None
    return ComputedIskDocument(
        high=str(computed.high),
        medium=str(computed.medium),
        low=str(computed.low),
        kills_without_value=computed.kills_without_value,
    )


def _spark(state: BattleCreated) -> LossesOverTimeDocument | None:
    spark = state.spark
    if spark is None:
        return None
    return LossesOverTimeDocument(
        bucket_seconds=spark.bucket_seconds,
        lost=tuple(SideLossesDocument(side_id=side.side_id, isk=side.isk) for side in spark.lost),
    )


def _isk_parts(state: BattleCreated) -> IskPartsDocument | None:
    parts = state.isk_parts
    if parts is None:
        return None
    return IskPartsDocument(
        fitted=str(parts.fitted),
        dropped=str(parts.dropped),
        kills_without_parts=parts.kills_without_parts,
        kills_with_unpriced=parts.kills_with_unpriced,
    )
