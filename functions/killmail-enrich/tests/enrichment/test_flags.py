"""The flags npc, solo and awox: each rule by cases, and properties of every killmail."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.killmail import ArchivedKillmail, Attacker, Victim
from killmail_enrich.enrichment.flags import is_awox, is_npc, is_solo

FRIGATE, CAPSULE, SHIP, STRUCTURE = 25, 29, 6, 65
PILOT, OTHER_PILOT, AGENT = 90000001, 90000002, 3000001
VICTIM_CORPORATION, OTHER_CORPORATION, NPC_CORPORATION = 98000001, 98000002, 1000125


def killmail_of(
    *attackers: Attacker, character: int | None = PILOT, corporation: int | None = VICTIM_CORPORATION
) -> ArchivedKillmail:
    victim = Victim(ship_type_id=587, character_id=character, corporation_id=corporation)
    return ArchivedKillmail(
        raw=b"",
        hash="",
        killmail_id=1,
        killmail_time=datetime(2026, 11, 1, tzinfo=UTC),
        solar_system_id=30000001,
        victim=victim,
        attackers=attackers,
    )


def attacker(
    character: int | None = OTHER_PILOT, corporation: int | None = OTHER_CORPORATION, *, final_blow: bool = True
) -> Attacker:
    return Attacker(character_id=character, corporation_id=corporation, final_blow=final_blow)


@pytest.mark.parametrize(
    ("killmail", "category", "expected"),
    [
        (killmail_of(attacker()), SHIP, False),
        (killmail_of(attacker(None, NPC_CORPORATION)), SHIP, True),
        (killmail_of(attacker(AGENT, NPC_CORPORATION)), SHIP, True),
        (killmail_of(attacker(None, NPC_CORPORATION), attacker()), SHIP, False),
        (killmail_of(attacker(None, OTHER_CORPORATION)), SHIP, False),  # a player structure fires without a pilot
        (killmail_of(attacker(), character=None, corporation=NPC_CORPORATION), STRUCTURE, True),
        (killmail_of(attacker(), character=None, corporation=VICTIM_CORPORATION), STRUCTURE, False),
        (killmail_of(), SHIP, True),
        (killmail_of(attacker(None, 500010)), SHIP, True),  # a faction where a corporation should be
        (killmail_of(attacker(AGENT, OTHER_CORPORATION)), SHIP, True),
    ],
)
def test_npc(killmail: ArchivedKillmail, category: int, *, expected: bool) -> None:
    assert is_npc(killmail, category) is expected


@pytest.mark.parametrize(
    ("attackers", "group", "category", "flown", "expected"),
    [
        ([attacker()], FRIGATE, SHIP, [SHIP, None], True),
        ([attacker(), attacker(None, NPC_CORPORATION, final_blow=False)], FRIGATE, SHIP, [SHIP, None], True),
        ([attacker(), attacker(90000003)], FRIGATE, SHIP, [SHIP, None], False),
        ([attacker()], CAPSULE, SHIP, [SHIP, None], False),
        ([attacker()], 1657, STRUCTURE, [SHIP, None], False),
        ([attacker()], FRIGATE, SHIP, [SHIP, STRUCTURE], False),
        ([attacker()], None, None, [SHIP, None], False),
    ],
)
def test_solo(
    attackers: list[Attacker], group: int | None, category: int | None, flown: list[int | None], *, expected: bool
) -> None:
    assert is_solo(killmail_of(*attackers), group, category, flown) is expected


@pytest.mark.parametrize(
    ("killmail", "group", "expected"),
    [
        (killmail_of(attacker(OTHER_PILOT, VICTIM_CORPORATION)), FRIGATE, True),
        (killmail_of(attacker(OTHER_PILOT, VICTIM_CORPORATION)), CAPSULE, False),
        (killmail_of(attacker(OTHER_PILOT, OTHER_CORPORATION)), FRIGATE, False),
        (killmail_of(attacker(OTHER_PILOT, VICTIM_CORPORATION, final_blow=False), attacker()), FRIGATE, False),
        (killmail_of(attacker(OTHER_PILOT, NPC_CORPORATION), corporation=NPC_CORPORATION), FRIGATE, False),
        (killmail_of(attacker(PILOT, VICTIM_CORPORATION)), FRIGATE, False),
    ],
)
def test_awox(killmail: ArchivedKillmail, group: int, *, expected: bool) -> None:
    assert is_awox(killmail, group) is expected


ids = st.sampled_from([None, PILOT, OTHER_PILOT, AGENT])
corporations = st.sampled_from([None, VICTIM_CORPORATION, OTHER_CORPORATION, NPC_CORPORATION])
attackers = st.builds(Attacker, character_id=ids, corporation_id=corporations, final_blow=st.booleans())


@given(st.lists(attackers, max_size=6))
def test_npc_kill_is_never_solo(fleet: list[Attacker]) -> None:
    killmail = killmail_of(*fleet)
    if is_npc(killmail, SHIP):
        assert not is_solo(killmail, FRIGATE, SHIP, ())


@given(st.lists(attackers, max_size=6), st.lists(attackers, max_size=3))
def test_more_attackers_never_turn_a_kill_into_an_npc_kill(fleet: list[Attacker], added: list[Attacker]) -> None:
    assert is_npc(killmail_of(*fleet), SHIP) >= is_npc(killmail_of(*fleet, *added), SHIP)
