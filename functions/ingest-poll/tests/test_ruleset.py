from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.killmail import Attacker, Killmail, Victim
from battlescope_schemas.universe import POCHVEN_SYSTEMS, possible_security
from ingest_poll.ruleset import FilterResult, RejectionReason, Ruleset, apply_ruleset, count_pilots, is_npc_kill

ID = UUID(int=1)
ids = st.integers(1, 6)
party_id = st.none() | ids
SYSTEMS = [30_000_142, 31_000_005, 30_000_021, 32_000_001, 30_100_000]

attackers = st.builds(
    Attacker, character_id=party_id, corporation_id=party_id, alliance_id=party_id, faction_id=party_id
)
killmails = st.builds(
    Killmail,
    killmail_id=st.just(1),
    killmail_time=st.just("2026-10-03T12:00:00Z"),
    solar_system_id=st.sampled_from(SYSTEMS),
    victim=st.builds(
        Victim,
        ship_type_id=st.just(587),
        character_id=party_id,
        corporation_id=party_id,
        alliance_id=party_id,
    ),
    attackers=st.lists(attackers, max_size=5).map(tuple),
)
sets = st.frozensets(ids, max_size=2)
rulesets = st.builds(
    Ruleset,
    id=st.just(ID),
    min_pilots=st.integers(1, 5),
    tracked_alliance_ids=sets,
    tracked_corp_ids=sets,
    tracked_character_ids=sets,
    tracked_system_ids=st.frozensets(st.sampled_from(SYSTEMS), max_size=2),
    tracked_security_types=st.frozensets(st.sampled_from(["highsec", "lowsec", "nullsec", "wormhole", "pochven"])),
    ignore_unlisted=st.booleans(),
    exclude_npc=st.booleans(),
)


def killmail_with(*attackers: Attacker, system: int = 30_000_142, victim: Victim | None = None) -> Killmail:
    return Killmail.model_validate(
        {
            "killmail_id": 1,
            "killmail_time": "2026-10-03T12:00:00Z",
            "solar_system_id": system,
            "victim": victim or Victim(ship_type_id=587),
            "attackers": attackers,
        }
    )


@given(killmails, rulesets)
def test_first_failing_rule_is_the_rejection_reason(killmail: Killmail, rules: Ruleset) -> None:
    parties = (killmail.victim, *killmail.attackers)
    tracked_parties = (
        {p.alliance_id for p in parties} & rules.tracked_alliance_ids
        or {p.corporation_id for p in parties} & rules.tracked_corp_ids
        or {p.character_id for p in parties} & rules.tracked_character_ids
    )
    space, systems = possible_security(killmail.solar_system_id), rules.tracked_system_ids
    failing = [
        (RejectionReason.MIN_PILOTS, count_pilots(killmail) < rules.min_pilots),
        (RejectionReason.SYSTEM, bool(systems) and killmail.solar_system_id not in systems),
        (RejectionReason.SECURITY, bool(rules.tracked_security_types) and not space & rules.tracked_security_types),
        (RejectionReason.ENTITY, rules.ignore_unlisted and not tracked_parties),
        (RejectionReason.NPC, rules.exclude_npc and is_npc_kill(killmail)),
    ]
    assert apply_ruleset(killmail, rules).rejection == next((reason for reason, fails in failing if fails), None)


@given(killmails)
def test_default_ruleset_accepts_two_or_more_pilots(killmail: Killmail) -> None:
    assert (apply_ruleset(killmail, Ruleset(ID, min_pilots=2)) == FilterResult()) == (count_pilots(killmail) >= 2)


def test_attackers_without_any_id_are_not_counted_as_pilots() -> None:
    assert count_pilots(killmail_with(Attacker(), Attacker(faction_id=500_021), Attacker(character_id=0))) == 2


def test_unlisted_killmail_is_accepted_unless_ignore_unlisted_is_set() -> None:
    rules = Ruleset(ID, 2, tracked_alliance_ids=frozenset({99_000_001}))
    assert apply_ruleset(killmail_with(Attacker(character_id=90_000_001)), rules) == FilterResult()


@pytest.mark.parametrize(
    ("system", "classes"),
    [
        (31_000_005, {"wormhole"}),
        (30_000_021, {"pochven"}),
        (32_000_001, {"nullsec"}),
        (34_000_001, {"nullsec"}),
        (30_100_000, {"nullsec"}),
        (30_000_142, {"highsec", "lowsec", "nullsec"}),
    ],
)
def test_system_ids_determine_the_possible_security_classes(system: int, classes: set[str]) -> None:
    assert possible_security(system) == classes


def test_uncertain_security_class_is_accepted_as_guessed() -> None:
    rules = Ruleset(ID, 1, tracked_security_types=frozenset({"nullsec", "wormhole"}))
    assert apply_ruleset(killmail_with(), rules) == FilterResult(security_guessed=True)
    assert apply_ruleset(killmail_with(system=31_000_005), rules) == FilterResult()
    wormholes_only = Ruleset(ID, 1, tracked_security_types=frozenset({"wormhole"}))
    assert apply_ruleset(killmail_with(), wormholes_only) == FilterResult(RejectionReason.SECURITY)


def test_pochven_has_27_systems() -> None:
    assert len(POCHVEN_SYSTEMS) == 27


NPCS = (
    Attacker(corporation_id=1_000_127),
    Attacker(faction_id=500_021),
    Attacker(character_id=3_019_582, corporation_id=1_000_127),
)


@pytest.mark.parametrize("attacker", NPCS)
def test_npc_kills_are_rejected_only_with_exclude_npc(attacker: Attacker) -> None:
    assert apply_ruleset(killmail_with(attacker), Ruleset(ID, 1, exclude_npc=True)) == FilterResult(RejectionReason.NPC)
    assert apply_ruleset(killmail_with(attacker), Ruleset(ID, 1)) == FilterResult()


@pytest.mark.parametrize("attacker", [Attacker(character_id=90_000_001), Attacker(corporation_id=98_000_001)])
def test_kill_with_one_player_attacker_is_not_an_npc_kill(attacker: Attacker) -> None:
    assert apply_ruleset(killmail_with(attacker, *NPCS), Ruleset(ID, 1, exclude_npc=True)) == FilterResult()
