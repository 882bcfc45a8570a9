"""npc, solo and awox: the rules case by case, and what holds for every mail."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.killmail import Attacker, Killmail, Victim
from killmail_enrich.enrichment.flags import is_awox, is_npc, is_solo

FRIGATE, CAPSULE, SHIP, STRUCTURE = 25, 29, 6, 65
PILOT, OTHER_PILOT, AGENT = 90000001, 90000002, 3000001
OWN, OTHER, NPC_CORPORATION = 98000001, 98000002, 1000125


def mail(*attackers: Attacker, character: int | None = PILOT, corporation: int | None = OWN) -> Killmail:
    victim = Victim(ship_type_id=587, character_id=character, corporation_id=corporation)
    return Killmail(
        killmail_id=1,
        killmail_time=datetime(2026, 11, 1, tzinfo=UTC),
        solar_system_id=30000001,
        victim=victim,
        attackers=attackers,
    )


def by(character: int | None = OTHER_PILOT, corporation: int | None = OTHER, *, final_blow: bool = True) -> Attacker:
    return Attacker(character_id=character, corporation_id=corporation, final_blow=final_blow)


@pytest.mark.parametrize(
    ("killmail", "category", "expected"),
    [
        (mail(by()), SHIP, False),
        (mail(by(None, NPC_CORPORATION)), SHIP, True),
        (mail(by(AGENT, NPC_CORPORATION)), SHIP, True),
        (mail(by(None, NPC_CORPORATION), by()), SHIP, False),
        (mail(by(None, OTHER)), SHIP, False),  # a structure of players fires by itself
        (mail(by(), character=None, corporation=NPC_CORPORATION), STRUCTURE, True),
        (mail(by(), character=None, corporation=OWN), STRUCTURE, False),
        (mail(), SHIP, True),
    ],
)
def test_npc(killmail: Killmail, category: int, *, expected: bool) -> None:
    assert is_npc(killmail, category) is expected


@pytest.mark.parametrize(
    ("attackers", "group", "category", "flown", "expected"),
    [
        ([by()], FRIGATE, SHIP, [SHIP, None], True),
        ([by(), by(None, NPC_CORPORATION, final_blow=False)], FRIGATE, SHIP, [SHIP, None], True),
        ([by(), by(90000003)], FRIGATE, SHIP, [SHIP, None], False),
        ([by()], CAPSULE, SHIP, [SHIP, None], False),
        ([by()], 1657, STRUCTURE, [SHIP, None], False),
        ([by()], FRIGATE, SHIP, [SHIP, STRUCTURE], False),
        ([by()], None, None, [SHIP, None], False),
    ],
)
def test_solo(
    attackers: list[Attacker], group: int | None, category: int | None, flown: list[int | None], *, expected: bool
) -> None:
    assert is_solo(mail(*attackers), group, category, flown) is expected


@pytest.mark.parametrize(
    ("killmail", "group", "expected"),
    [
        (mail(by(OTHER_PILOT, OWN)), FRIGATE, True),
        (mail(by(OTHER_PILOT, OWN)), CAPSULE, False),
        (mail(by(OTHER_PILOT, OTHER)), FRIGATE, False),
        (mail(by(OTHER_PILOT, OWN, final_blow=False), by()), FRIGATE, False),
        (mail(by(OTHER_PILOT, NPC_CORPORATION), corporation=NPC_CORPORATION), FRIGATE, False),
        (mail(by(PILOT, OWN)), FRIGATE, False),
    ],
)
def test_awox(killmail: Killmail, group: int, *, expected: bool) -> None:
    assert is_awox(killmail, group) is expected


ids = st.sampled_from([None, PILOT, OTHER_PILOT, AGENT])
corporations = st.sampled_from([None, OWN, OTHER, NPC_CORPORATION])
attackers = st.builds(Attacker, character_id=ids, corporation_id=corporations, final_blow=st.booleans())


@given(st.lists(attackers, max_size=6))
def test_nobody_human_means_no_duel(fleet: list[Attacker]) -> None:
    killmail = mail(*fleet)
    if is_npc(killmail, SHIP):
        assert not is_solo(killmail, FRIGATE, SHIP, ())


@given(st.lists(attackers, max_size=6), st.lists(attackers, max_size=3))
def test_more_attackers_never_make_it_more_npc(fleet: list[Attacker], more: list[Attacker]) -> None:
    assert is_npc(mail(*fleet), SHIP) >= is_npc(mail(*fleet, *more), SHIP)
