"""Hull classes, rounds, capsules and the graph of parties: what a page says of the shape of a battle."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from battle_api.domain.capsules import PilotLoss, ships_of_capsules
from battle_api.domain.party_graph import PartyKey, Shooting, attacking_parties, party_graph, party_key
from battle_api.domain.rounds import QUIET, fight_rounds
from battlescope_schemas.ships.hulls import HullClass, groups_of, hull_class

START = datetime(2026, 3, 1, 18, tzinfo=UTC)
RED, BLUE, GREEN = (PartyKey("alliance", 99_000_000 + n) for n in (1, 2, 3))


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("group", "expected"),
    [(30, HullClass.TITAN), (25, HullClass.FRIGATE), (29, HullClass.CAPSULE), (1657, HullClass.STRUCTURE)],
)
def test_group_has_a_class(group: int, expected: HullClass) -> None:
    assert hull_class(group) is expected
    assert group in groups_of([expected])


def test_unknown_group_has_no_class_and_a_new_one_is_another() -> None:
    assert (hull_class(None), hull_class(123_456)) == (None, HullClass.OTHER)
    assert groups_of([HullClass.OTHER]) == []


def test_round_ends_after_ten_quiet_minutes() -> None:
    quiet = int(QUIET.total_seconds())
    rounds = fight_rounds([at(0), at(60), at(60 + quiet), at(61 + 2 * quiet)])
    assert [(r.start_time, r.end_time, r.killmails) for r in rounds] == [
        (at(0), at(60 + quiet), 3),
        (at(61 + 2 * quiet), at(61 + 2 * quiet), 1),
    ]
    assert fight_rounds([]) == []


def test_capsule_belongs_to_the_last_ship_of_its_pilot_within_a_quarter_of_an_hour() -> None:
    losses = [
        PilotLoss(2, at(10), 7, is_capsule=True),
        PilotLoss(1, at(10), 7, is_capsule=False),  # of the same second: the ship was lost first
        PilotLoss(3, at(20), 8, is_capsule=True),  # whose ship was lost elsewhere
        PilotLoss(4, at(30), 7, is_capsule=False),
        PilotLoss(5, at(30 + 901), 7, is_capsule=True),
        PilotLoss(6, at(40), None, is_capsule=False),
    ]
    assert ships_of_capsules(losses) == {2: 1}


def test_corporations_of_an_alliance_are_no_party_of_their_own() -> None:
    parties = attacking_parties([RED.party_id], [98_000_001, 98_000_002, 1_000_167], {98_000_001: RED.party_id})
    assert parties == {RED, PartyKey("corporation", 98_000_002)}
    assert party_key(500_010, 1_000_167) is None


def test_edges_count_shots_at_each_other_and_joint_kills() -> None:
    edges = party_graph(
        [
            Shooting(RED, frozenset({BLUE, GREEN}), Decimal(5)),
            Shooting(BLUE, frozenset({RED, BLUE}), Decimal(7)),
            Shooting(None, frozenset({BLUE, GREEN}), Decimal(1)),
        ]
    )
    figures = {pair: (edge.hostile_killmails, edge.hostile_isk, edge.joint_killmails) for pair, edge in edges.items()}
    assert figures == {
        (RED, BLUE): (2, Decimal(12), 0),
        (RED, GREEN): (1, Decimal(5), 0),
        (BLUE, GREEN): (0, Decimal(0), 2),
    }
