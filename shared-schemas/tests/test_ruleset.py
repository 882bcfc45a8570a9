"""One filter for live and backfilled killmails."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from battlescope_schemas.entity import is_npc_participant
from battlescope_schemas.killmail import NO_ZKB_VALUES, ArchivedKillmail, Attacker, Victim, ZkbValues
from battlescope_schemas.reference import KillmailReference, Source
from battlescope_schemas.reference_lines import reference_line
from battlescope_schemas.ruleset import RejectionReason, Ruleset, apply_ruleset, reference_to
from battlescope_schemas.universe import POCHVEN_SYSTEMS, possible_security

ID = UUID(int=1)
TIME = datetime(2026, 10, 3, 12, tzinfo=UTC)
ids = st.integers(1, 6)
party_id = st.none() | ids
SYSTEMS = [30_000_142, 31_000_005, 30_000_021, 32_000_001, 30_100_000]

attackers = st.builds(
    Attacker, character_id=party_id, corporation_id=party_id, alliance_id=party_id, faction_id=party_id
)
killmails = st.builds(
    ArchivedKillmail,
    raw=st.just(b""),
    killmail_id=st.just(1),
    hash=st.just("a" * 40),
    killmail_time=st.just(TIME),
    solar_system_id=st.sampled_from(SYSTEMS),
    victim=st.builds(
        Victim,
        ship_type_id=st.just(587),
        character_id=party_id,
        corporation_id=party_id,
        alliance_id=party_id,
    ),
    attackers=st.lists(attackers, max_size=5).map(tuple),
    zkb=st.just(NO_ZKB_VALUES),
    points=st.just(0),
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


def killmail_with(*attackers: Attacker, system: int = 30_000_142, victim: Victim | None = None) -> ArchivedKillmail:
    return ArchivedKillmail(
        b"", 1, "a" * 40, TIME, system, victim or Victim(ship_type_id=587), attackers, ZkbValues(Decimal("1.50"))
    )


def outcome(killmail: ArchivedKillmail, rules: Ruleset) -> tuple[RejectionReason | None, bool]:
    filtered = apply_ruleset(killmail, "pack#0+1", rules)
    return filtered.rejection, filtered.security_guessed


ACCEPTED = (None, False)


@given(killmails, rulesets)
def test_first_failing_rule_is_the_rejection_reason(killmail: ArchivedKillmail, rules: Ruleset) -> None:
    parties = (killmail.victim, *killmail.attackers)
    tracked_parties = (
        {p.alliance_id for p in parties} & rules.tracked_alliance_ids
        or {p.corporation_id for p in parties} & rules.tracked_corp_ids
        or {p.character_id for p in parties} & rules.tracked_character_ids
    )
    pilots = [a for a in killmail.attackers if a.character_id or a.corporation_id or a.alliance_id or a.faction_id]
    npcs_only = all(
        is_npc_participant(attacker.character_id, attacker.corporation_id, attacker.alliance_id)
        for attacker in killmail.attackers
    )
    space, systems = possible_security(killmail.solar_system_id), rules.tracked_system_ids
    failing = [
        (RejectionReason.MIN_PILOTS, 1 + len(pilots) < rules.min_pilots),
        (RejectionReason.SYSTEM, bool(systems) and killmail.solar_system_id not in systems),
        (RejectionReason.SECURITY, bool(rules.tracked_security_types) and not space & rules.tracked_security_types),
        (RejectionReason.ENTITY, rules.ignore_unlisted and not tracked_parties),
        (RejectionReason.NPC, rules.exclude_npc and npcs_only),
    ]
    filtered = apply_ruleset(killmail, "pack#0+1", rules)
    assert filtered.rejection == next((reason for reason, fails in failing if fails), None)
    assert filtered.pilot_count == 1 + len(pilots)
    assert filtered.attacker_corp_ids == tuple(sorted({a.corporation_id for a in killmail.attackers} - {None}))


@given(killmails)
def test_default_ruleset_accepts_two_or_more_pilots(killmail: ArchivedKillmail) -> None:
    filtered = apply_ruleset(killmail, "pack#0+1", Ruleset(ID, min_pilots=2))
    assert (filtered.rejection is None) == (filtered.pilot_count >= 2)


def test_reference_holds_the_ids_and_the_place_of_the_killmail() -> None:
    victim = Victim(ship_type_id=587, alliance_id=0)
    killmail = killmail_with(Attacker(alliance_id=9), Attacker(alliance_id=8), Attacker(alliance_id=9), victim=victim)
    accepted = apply_ruleset(killmail, "pack#0+1", Ruleset(ID, 2))
    assert reference_to(accepted, Source.HISTORICAL, "job") == KillmailReference(
        killmail_id=1, zkb_hash="a" * 40, killmail_time=TIME, system_id=30_000_142, attacker_alliance_ids=(8, 9),
        isk_value=Decimal("1.50"), zkb_url="https://zkillboard.com/kill/1/", source=Source.HISTORICAL,
        historical_job_id="job", archive_key="pack#0+1", ruleset_id=str(ID),
    )  # fmt: skip


def test_attackers_without_any_id_are_not_counted_as_pilots() -> None:
    killmail = killmail_with(Attacker(), Attacker(faction_id=500_021), Attacker(character_id=0))
    assert apply_ruleset(killmail, "pack#0+1", Ruleset(ID, 1)).pilot_count == 2


def test_unlisted_killmail_is_accepted_unless_ignore_unlisted_is_set() -> None:
    rules = Ruleset(ID, 2, tracked_alliance_ids=frozenset({99_000_001}))
    assert outcome(killmail_with(Attacker(character_id=90_000_001)), rules) == ACCEPTED


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
    assert outcome(killmail_with(), rules) == (None, True)
    assert outcome(killmail_with(system=31_000_005), rules) == ACCEPTED
    wormholes_only = Ruleset(ID, 1, tracked_security_types=frozenset({"wormhole"}))
    assert outcome(killmail_with(), wormholes_only) == (RejectionReason.SECURITY, False)


def test_pochven_has_27_systems() -> None:
    assert len(POCHVEN_SYSTEMS) == 27


NPCS = (
    Attacker(corporation_id=1_000_127),
    Attacker(faction_id=500_021),
    Attacker(character_id=3_019_582, corporation_id=1_000_127),
    Attacker(character_id=3_019_582, corporation_id=98_000_001),
    Attacker(corporation_id=500_010),
)


@pytest.mark.parametrize("attacker", NPCS)
def test_npc_kills_are_rejected_only_with_exclude_npc(attacker: Attacker) -> None:
    assert outcome(killmail_with(attacker), Ruleset(ID, 1, exclude_npc=True)) == (RejectionReason.NPC, False)
    assert outcome(killmail_with(attacker), Ruleset(ID, 1)) == ACCEPTED


@pytest.mark.parametrize(
    "attacker",
    [
        Attacker(character_id=90_000_001),
        Attacker(corporation_id=98_000_001),
        Attacker(corporation_id=1_000_127, alliance_id=99_000_001),
    ],
)
def test_kill_with_one_player_attacker_is_not_an_npc_kill(attacker: Attacker) -> None:
    assert outcome(killmail_with(attacker, *NPCS), Ruleset(ID, 1, exclude_npc=True)) == ACCEPTED


@given(killmails, rulesets, st.sampled_from(Source), st.none() | st.just("job"), st.none() | st.integers(1, 9))
def test_line_of_a_batch_is_the_json_of_the_model(
    killmail: ArchivedKillmail, rules: Ruleset, source: Source, job_id: str | None, value_revision: int | None
) -> None:
    zkb = ZkbValues(Decimal("1000000.50"), None, None, None) if value_revision else NO_ZKB_VALUES
    accepted = apply_ruleset(replace(killmail, zkb=zkb), "raw#0+1", rules)
    model = reference_to(accepted, source, job_id, value_revision)
    expected = model.model_dump_json(by_alias=True, exclude_none=True).encode()
    assert reference_line(accepted, source, job_id, value_revision) == expected
