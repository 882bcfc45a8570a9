"""The report of a battle: what is stored and published of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.detection.clustering import Component
from battle_cluster.detection.links import Link, LinkReason
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import Edit, battle_name, side_pins
from battle_cluster.statistics.battle_aggregate import BattleAggregate
from battle_cluster.statistics.battle_totals import BattleTotals


@dataclass(frozen=True, slots=True)
class BattleReport:
    """All figures of a battle.

    name: by an edit. inactivity_gap: seconds without a combat loss after which the battle ends, in event time.
    """

    name: str | None
    inactivity_gap: int
    tier: str
    separate_fights: bool
    totals: BattleTotals
    links: Mapping[tuple[int, int, LinkReason], Link]


def build_report(
    component: Component,
    killmails: Mapping[int, Killmail],
    edits: Sequence[Edit] = (),
    aggregate: BattleAggregate | None = None,
) -> BattleReport:
    """The report of one component, from its killmails and the edits that affect them.

    `aggregate` may hold some of these killmails already; afterwards it holds them all.
    """
    aggregate = BattleAggregate() if aggregate is None else aggregate
    aggregate.add(killmails[killmail_id] for killmail_id in component.killmail_ids)
    sides = aggregate.sides(side_pins(edits))
    return BattleReport(
        name=battle_name(edits),
        inactivity_gap=component.inactivity_gap,
        tier=component.tier,
        separate_fights=len(sides.separate_groups) > 1,
        totals=aggregate.totals(sides),
        links={(link.from_killmail_id, link.to_killmail_id, link.reason): link for link in component.links},
    )
