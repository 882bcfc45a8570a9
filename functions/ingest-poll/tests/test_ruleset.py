from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.killmail import Attacker, Killmail, Victim
from battlescope_schemas.universe import POCHVEN_SYSTEMS, possible_security
from ingest_poll.ruleset import FilterResult, RejectionReason, Ruleset, apply_ruleset, is_npc_kill, count_pilots

ID = UUID(int=1)
ids = st.integers(1, 6)
maybe = st.none() | ids
SYSTEMS = [30_000_142, 31_000_005, 30_000_021, 32_000_001, 30_100_000]

attackers = st.builds(Attacker, character_id=maybe, corporation_id=maybe, alliance_id=maybe, faction_id=maybe)
killmails = st.builds(
    Killmail,
    killmail_id=st.just(1),
    killmail_time=st.just("2026-10-03T12:00:00Z"),
    solar_system_id=st.sampled_from(SYSTEMS),
    victim=st.builds(Victim, ship_type_id=st.just(587), character_id=maybe, corporation_id=maybe, alliance_id=maybe),
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


def mail(*attackers: Attacker, system: int = 30_000_142, victim: Victim | None = None) -> Killmail:
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
def test_the_first_failing_rule_in_order_is_the_reason(killmail: Killmail, rules: Ruleset) -> None:
    parties = (killmail.victim, *killmail.attackers)
    touches = (
        {p.alliance_id for p in parties} & rules.tracked_alliance_ids
        or {p.corporation_id for p in parties} & rules.tracked_corp_ids
        or {p.character_id for p in parties} & rules.tracked_character_ids
    )
    space, tracked = possible_security(killmail.solar_system_id), rules.tracked_system_ids
    failing = [
        (RejectionReason.MIN_PILOTS, count_pilots(killmail) < rules.min_pilots),
        (RejectionReason.SYSTEM, bool(tracked) and killmail.solar_system_id not in tracked),
        (RejectionReason.SECURITY, bool(rules.tracked_security_types) and not space & rules.tracked_security_types),
        (RejectionReason.ENTITY, rules.ignore_unlisted and not touches),
        (RejectionReason.NPC, rules.exclude_npc and is_npc_kill(killmail)),
    ]
    assert apply_ruleset(killmail, rules).rejection == next((reason for reason, fails in failing if fails), None)


@given(killmails)
def test_the_default_wants_every_meeting_of_two(killmail: Killmail) -> None:
    assert (apply_ruleset(killmail, Ruleset(ID, min_pilots=2)) == FilterResult()) == (count_pilots(killmail) >= 2)


def test_attackers_without_any_id_are_no_pilots() -> None:
    assert count_pilots(mail(Attacker(), Attacker(faction_id=500_021), Attacker(character_id=0))) == 2


def test_an_unlisted_mail_passes_where_lists_only_inform() -> None:
    rules = Ruleset(ID, 2, tracked_alliance_ids=frozenset({99_000_001}))
    assert apply_ruleset(mail(Attacker(character_id=90_000_001)), rules) == FilterResult()


@pytest.mark.parametrize(
    ("system", "known"),
    [
        (31_000_005, {"wormhole"}),
        (30_000_021, {"pochven"}),
        (32_000_001, {"nullsec"}),
        (34_000_001, {"nullsec"}),
        (30_100_000, {"nullsec"}),
        (30_000_142, {"highsec", "lowsec", "nullsec"}),
    ],
)
def test_ids_tell_some_classes_of_space_for_certain(system: int, known: set[str]) -> None:
    assert possible_security(system) == known


def test_known_space_is_accepted_on_a_guess_and_counted() -> None:
    rules = Ruleset(ID, 1, tracked_security_types=frozenset({"nullsec", "wormhole"}))
    assert apply_ruleset(mail(), rules) == FilterResult(security_guessed=True)
    assert apply_ruleset(mail(system=31_000_005), rules) == FilterResult()
    only_holes = Ruleset(ID, 1, tracked_security_types=frozenset({"wormhole"}))
    assert apply_ruleset(mail(), only_holes) == FilterResult(RejectionReason.SECURITY)


def test_pochven_has_27_systems() -> None:
    assert len(POCHVEN_SYSTEMS) == 27


NPCS = (
    Attacker(corporation_id=1_000_127),
    Attacker(faction_id=500_021),
    Attacker(character_id=3_019_582, corporation_id=1_000_127),
)


@pytest.mark.parametrize("attacker", NPCS)
def test_npcs_are_excluded_where_asked(attacker: Attacker) -> None:
    assert apply_ruleset(mail(attacker), Ruleset(ID, 1, exclude_npc=True)) == FilterResult(RejectionReason.NPC)
    assert apply_ruleset(mail(attacker), Ruleset(ID, 1)) == FilterResult()


@pytest.mark.parametrize("attacker", [Attacker(character_id=90_000_001), Attacker(corporation_id=98_000_001)])
def test_one_player_makes_it_no_npc_kill(attacker: Attacker) -> None:
    assert apply_ruleset(mail(attacker, *NPCS), Ruleset(ID, 1, exclude_npc=True)) == FilterResult()
