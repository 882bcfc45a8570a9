"""Builds what explains a battle from rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

from battle_api.domain.battle_rows import CorporationRow, Jumps, LinkRow, Names, PartyRow
from battle_api.domain.party_graph import Edge, PartyKey, Shooting, attacking_parties, party_graph, party_key
from battle_api.domain.revision_diff import net_change
from battle_api.domain.rows import Battle, BattleKillmail, NameKey, Revision
from battle_api.presenters.battle_detail import pilots_of
from battle_api.schemas import insights as schemas
from battle_api.schemas.killmails import NamedEntity

MAX_SHARED_PILOTS: Final = 20
MAX_EDGES: Final = 2000


def graph(
    battle: Battle,
    parties: Iterable[PartyRow],
    corporations: Iterable[CorporationRow],
    killmails: Iterable[BattleKillmail],
) -> schemas.PartyGraph:
    alliance_of = {row.corporation_id: row.alliance_id for row in corporations if row.corporation_id}
    edges = party_graph(_shooting(killmail, alliance_of) for killmail in killmails)
    rows: dict[PartyKey, PartyRow] = {}
    for row in sorted(parties, key=lambda row: -row.pilots):
        rows.setdefault(PartyKey(row.party_type, row.party_id), row)
    numbers = {key: number for number, key in enumerate(rows)}
    known = [(pair, edge) for pair, edge in edges.items() if pair[0] in numbers and pair[1] in numbers]
    strongest = sorted(known, key=lambda item: (-item[1].hostile_killmails - item[1].joint_killmails, item[0]))
    return schemas.PartyGraph(
        battle_id=battle.id,
        revision=battle.revision,
        nodes=[_node(row) for row in rows.values()],
        edges=[_edge(numbers[first], numbers[second], edge) for (first, second), edge in strongest[:MAX_EDGES]],
    )


def _shooting(killmail: BattleKillmail, alliance_of: Mapping[int, int | None]) -> Shooting:
    return Shooting(
        victim=party_key(killmail.victim_alliance_id, killmail.victim_corporation_id),
        attackers=attacking_parties(killmail.attacker_alliance_ids, killmail.attacker_corporation_ids, alliance_of),
        isk_value=killmail.isk_value,
    )


def _node(row: PartyRow) -> schemas.PartyNode:
    return schemas.PartyNode(
        party_type=cast("Any", row.party_type),
        party_id=row.party_id,
        party_name=row.party_name,
        ticker=row.ticker,
        side_id=row.side_id,
        role=cast("Any", row.role),
        pilots=row.pilots,
        losses=row.losses,
        isk_lost=row.isk_lost,
    )


def _edge(first: int, second: int, edge: Edge) -> schemas.PartyEdge:
    return schemas.PartyEdge(
        a=first,
        b=second,
        hostile_killmails=edge.hostile_killmails,
        hostile_isk=edge.hostile_isk,
        joint_killmails=edge.joint_killmails,
    )


def linked_killmail_ids(killmail_id: int, links: Iterable[LinkRow]) -> list[int]:
    return sorted({killmail_id} | {link.from_killmail_id for link in links} | {link.to_killmail_id for link in links})


def pilot_name_keys(killmails: Iterable[BattleKillmail]) -> Iterator[NameKey]:
    for killmail in killmails:
        yield from (("character", pilot) for pilot in pilots_of(killmail))


def why(
    battle: Battle,
    killmail_id: int,
    links: Iterable[LinkRow],
    killmails: Iterable[BattleKillmail],
    names: Names,
    *,
    jumps: Jumps,
) -> schemas.Why:
    by_id = {killmail.killmail_id: killmail for killmail in killmails}
    this = by_id[killmail_id]
    others = [
        (link, by_id.get(link.to_killmail_id if link.from_killmail_id == killmail_id else link.from_killmail_id))
        for link in links
    ]
    return schemas.Why(
        battle_id=battle.id,
        revision=battle.revision,
        killmail_id=killmail_id,
        links=[_why_link(link, this, other, names, jumps) for link, other in others if other],
    )


def _why_link(
    link: LinkRow, this: BattleKillmail, other: BattleKillmail, names: Names, jumps: Jumps
) -> schemas.WhyLink:
    shared = sorted(pilots_of(this) & pilots_of(other))
    return schemas.WhyLink(
        killmail_id=other.killmail_id,
        reason=link.reason,
        score=link.score,
        delta_seconds=int((other.occurred_at - this.occurred_at).total_seconds()),
        quiet_limit_seconds=link.quiet_limit_seconds,
        same_system=this.system_id == other.system_id,
        jumps=jumps.between(this.system_id, other.system_id),
        shared_pilot_count=len(shared),
        shared_pilots=[
            NamedEntity(id=pilot, name=names.name("character", pilot)) for pilot in islice(shared, MAX_SHARED_PILOTS)
        ],
    )


def split_preview(
    battle: Battle, suggestion: Mapping[str, Any], killmails: Sequence[BattleKillmail]
) -> schemas.SplitPreview:
    halves = [[k for k in killmails if k.killmail_id in set(suggestion[half])] for half in ("first", "second")]
    pilots = [frozenset[int]().union(*map(pilots_of, half)) for half in halves]
    return schemas.SplitPreview(
        battle_id=battle.id,
        revision=battle.revision,
        doubt=suggestion["doubt"],
        halves=[_half(half, len(seen)) for half, seen in zip(halves, pilots, strict=True) if half],
        shared_pilots=len(pilots[0] & pilots[1]),
    )


def _half(killmails: Sequence[BattleKillmail], pilots: int) -> schemas.HalfTotals:
    return schemas.HalfTotals(
        killmail_ids=[killmail.killmail_id for killmail in killmails],
        start_time=killmails[0].occurred_at,
        end_time=killmails[-1].occurred_at,
        killmails=len(killmails),
        pilots=pilots,
        isk_destroyed=sum((killmail.isk_value for killmail in killmails), start=Decimal(0)),
    )


def revision_diff(battle_id: UUID, revisions: Sequence[Revision]) -> schemas.RevisionDiff:
    """From the first to the last of these revisions, which follow each other."""
    first, last = revisions[0], revisions[-1]
    change = net_change((revision.added, revision.removed) for revision in revisions[1:])
    return schemas.RevisionDiff(
        battle_id=battle_id,
        from_revision=first.revision,
        to_revision=last.revision,
        added=sorted(change.added),
        removed=sorted(change.removed),
        total_kills=last.total_kills - first.total_kills,
        total_participants=last.total_participants - first.total_participants,
        total_isk_destroyed=last.total_isk_destroyed - first.total_isk_destroyed,
        sides=last.sides - first.sides,
    )
