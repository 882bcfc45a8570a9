"""What a worker does with a batch: the mails into battles, each battle into its line of the output and its figures."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.sides.assignment import Side, SideMembership, Sides, assign
from battlescope_local.replay.esi_killmail import Plain, StaticData, guessed_value, mail_of
from battlescope_local.replay.hourly_buckets import unpack


class Battle(NamedTuple):
    """A battle's figures for people, and `line`: its JSON object but for the id.

    `isk` is the sum of what is known, and nothing where no value is; `unpriced` counts the mails without one.
    """

    start: int
    first_id: int
    system_id: int
    end: int
    tier: str
    kills: int
    pilots: int
    isk: float | None
    unpriced: int
    system_ids: tuple[int, ...]
    sides: tuple[str, ...]
    unassigned: int
    line: bytes


class BatchResult(NamedTuple):
    """Seconds are those of the worker's processor."""

    battles: list[Battle]
    grouping: float
    siding: float


def worked(packed: bytes, rules: DetectionRules, static_data: StaticData) -> BatchResult:
    began = time.process_time()
    plains = {mail.killmail_id: mail for mail in unpack(packed)}
    # Grouped by what is known: a value nobody told must lift no battle into another tier.
    mails = {one: mail_of(mail, static_data, mail.value or 0.0) for one, mail in plains.items()}
    components = [component for component in cluster(mails.values(), rules) if component.is_battle]
    grouped = time.process_time()
    battles = [battle(component, mails, plains) for component in components]
    return BatchResult(battles, grouped - began, time.process_time() - grouped)


def battle(component: Component, mails: dict[int, Killmail], plains: dict[int, Plain]) -> Battle:
    own = [mails[one] for one in component.killmail_ids]
    values = [value for one in component.killmail_ids if (value := plains[one].value) is not None]
    systems = Counter(mail.system_id for mail in own)
    system_ids = tuple(sorted(systems, key=lambda system: (-systems[system], system)))
    sides = assign([with_estimated_value(mails[one], plains[one]) for one in component.killmail_ids])
    return Battle(
        start=own[0].time,
        first_id=own[0].killmail_id,
        system_id=own[0].system_id,
        end=own[-1].time,
        tier=component.tier.value,
        kills=len(own),
        pilots=len(frozenset[int]().union(*(mail.pilot_ids for mail in own))),
        isk=sum(values) if values else None,
        unpriced=len(own) - len(values),
        system_ids=system_ids,
        sides=tuple(map(_told, sides.sides)),
        unassigned=len(sides.unassigned),
        line=orjson.dumps(_line(component, own, system_ids, sides)),
    )


def with_estimated_value(mail: Killmail, plain: Plain) -> Killmail:
    """The mail as evidence for sides.

    Archives without zKillboard's part know no values. With none at all every mail weighs alike, a shuttle like a
    dreadnought: over four real days that is as good on average, but in X47L-Q of 2021-11-30 it leaves a fifth of the
    pilots unassigned. By damage taken they find their sides. The guess weighs evidence and is shown nowhere.
    """
    return mail if plain.value is not None else replace(mail, value=guessed_value(plain.damage_taken))


def _line(component: Component, own: Sequence[Killmail], system_ids: Sequence[int], sides: Sides) -> dict[str, Any]:
    return {
        "tier": component.tier.value,
        "systemIds": system_ids,
        "startTime": iso(own[0].time),
        "endTime": iso(own[-1].time),
        "killmailIds": component.killmail_ids,
        "sides": [
            {"sideId": side.side_id, "role": side.role.value, "entities": list(map(_sure, side.parties))}
            for side in sides.sides
        ],
        "unassigned": [{"kind": one.party.kind.value, "id": one.party.id} for one in sides.unassigned],
        "links": [{"a": link.a, "b": link.b, "reason": link.reason.value} for link in component.links],
    }


def _sure(member: SideMembership) -> dict[str, Any]:
    return {"kind": member.party.kind.value, "id": member.party.id, "confidence": member.confidence}


def _told(side: Side) -> str:
    """Its largest party, which comes first, and how many more."""
    kind, entity_id = side.parties[0].party
    more = f" +{len(side.parties) - 1}" if len(side.parties) > 1 else ""
    role = "" if side.role.value == "side" else f" ({side.role.value})"
    return f"{kind.value} {entity_id}{more}{role}"


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
