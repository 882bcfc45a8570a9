"""Work on a batch: clusters its killmails into battles, and makes the output line and the figures of each battle."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail, PartyKind
from battle_cluster.sides.assignment import Side, SideMembership, Sides, assign
from battlescope_local.replay.esi_killmail import ParsedKillmail, StaticData, build_killmail, estimated_value
from battlescope_local.replay.hourly_buckets import unpack


class BattleRecord(NamedTuple):
    """Figures of a battle, and `line`, its JSON object without the id.

    isk: sum of the known values; None if no killmail has a value. computed_isk: the part of it that is computed.
    unpriced: number of killmails without a value.
    """

    start: int
    first_id: int
    system_id: int
    end: int
    tier: str
    kills: int
    pilots: int
    isk: float | None
    computed_isk: float
    unpriced: int
    system_ids: tuple[int, ...]
    sides: tuple[str, ...]
    unassigned: int
    line: bytes


class BatchResult(NamedTuple):
    """Battles of a batch, and the worker's CPU seconds for clustering and for sides."""

    battles: list[BattleRecord]
    clustering_seconds: float
    sides_seconds: float


def group_batch(packed: bytes, rules: DetectionRules, static_data: StaticData) -> BatchResult:
    started = time.process_time()
    plain_killmails = {killmail.killmail_id: killmail for killmail in unpack(packed)}
    # Clustered with known values only: an estimated value must not raise a battle to a higher tier.
    killmails = {
        killmail_id: build_killmail(plain, static_data, plain.value or 0.0)
        for killmail_id, plain in plain_killmails.items()
    }
    components = [component for component in cluster(killmails.values(), rules) if component.is_battle]
    clustered = time.process_time()
    records = [build_record(component, killmails, plain_killmails) for component in components]
    return BatchResult(records, clustered - started, time.process_time() - clustered)


def build_record(
    component: Component, killmails: dict[int, Killmail], plain_killmails: dict[int, ParsedKillmail]
) -> BattleRecord:
    ids = component.killmail_ids
    members = [killmails[killmail_id] for killmail_id in ids]
    values = [value for killmail_id in ids if (value := plain_killmails[killmail_id].value) is not None]
    computed_isk = sum(plain_killmails[i].value or 0.0 for i in ids if plain_killmails[i].is_computed)
    systems = Counter(killmail.system_id for killmail in members)
    system_ids = tuple(sorted(systems, key=lambda system: (-systems[system], system)))
    sides = assign([with_estimated_value(killmails[killmail_id], plain_killmails[killmail_id]) for killmail_id in ids])
    return BattleRecord(
        start=members[0].time,
        first_id=members[0].killmail_id,
        system_id=members[0].system_id,
        end=members[-1].time,
        tier=component.tier.value,
        kills=len(members),
        pilots=len(frozenset[int]().union(*(killmail.pilot_ids for killmail in members))),
        isk=sum(values) if values else None,
        computed_isk=computed_isk,
        unpriced=len(members) - len(values),
        system_ids=system_ids,
        sides=tuple(map(_side_label, sides.sides)),
        unassigned=len(sides.unassigned),
        line=orjson.dumps(
            _battle_json(component, members, system_ids, sides)
            | {"isk": round(sum(values), 2) if values else None, "computedIsk": round(computed_isk, 2)}
        ),
    )


def with_estimated_value(killmail: Killmail, plain: ParsedKillmail) -> Killmail:
    """The killmail as evidence for sides.

    Archives without zKillboard's data have no values. Without values all killmails have equal weight, a shuttle like a
    dreadnought: over four real days that is as good on average, but in X47L-Q on 2021-11-30 it leaves a fifth of the
    pilots unassigned. With values estimated from damage taken they get their sides. The estimate only weighs evidence
    and is never shown.
    """
    return killmail if plain.value is not None else replace(killmail, value=estimated_value(plain.damage_taken))


def _battle_json(
    component: Component, members: Sequence[Killmail], system_ids: Sequence[int], sides: Sides
) -> dict[str, Any]:
    return {
        "tier": component.tier.value,
        "systemIds": system_ids,
        "startTime": iso_time(members[0].time),
        "endTime": iso_time(members[-1].time),
        "killmailIds": component.killmail_ids,
        "sides": [
            {"sideId": side.side_id, "role": side.role.value, "entities": list(_entities(side, sides))}
            for side in sides.sides
        ],
        "unassigned": [{"kind": member.party.kind.value, "id": member.party.id} for member in sides.unassigned],
        "links": [
            {"a": link.from_killmail_id, "b": link.to_killmail_id, "reason": link.reason.value}
            for link in component.links
        ],
    }


def _entities(side: Side, sides: Sides) -> Iterator[dict[str, Any]]:
    """The side's parties, and pilots of other sides' parties who fought for it."""
    yield from map(_entity_json, side.parties)
    for group in sides.defectors:
        if group.side == side.side_id:
            for pilot in sorted(group.pilots):
                yield {"kind": PartyKind.CHARACTER.value, "id": pilot, "confidence": 1.0}


def _entity_json(member: SideMembership) -> dict[str, Any]:
    return {"kind": member.party.kind.value, "id": member.party.id, "confidence": member.confidence}


def _side_label(side: Side) -> str:
    """The side's largest party, which is its first, and the number of others."""
    kind, entity_id = side.parties[0].party
    more = f" +{len(side.parties) - 1}" if len(side.parties) > 1 else ""
    role = "" if side.role.value == "side" else f" ({side.role.value})"
    return f"{kind.value} {entity_id}{more}{role}"


def iso_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
