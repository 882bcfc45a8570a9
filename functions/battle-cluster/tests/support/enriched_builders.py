"""Enriched killmails, as killmail-enrich publishes them."""

import random
from datetime import UTC, datetime, timedelta

from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.reference import Source
from battlescope_schemas.universe import SecurityType

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
RIFTER = {"ship_type_id": 587, "ship_type_name": "Rifter"}


def participant(number: int, alliance: int) -> dict[str, object]:
    return {
        "character_id": 90_000_000 + number,
        "character_name": f"Pilot {number}",
        "corporation_id": 98_000_000 + alliance,
        "corporation_name": f"Corporation {alliance}",
        "alliance_id": 99_000_000 + alliance,
        "alliance_name": f"Alliance {alliance}",
        **RIFTER,
    }


def enriched_killmail(
    killmail_id: int,
    minute: float,
    victim: tuple[int, int],
    attackers: list[tuple[int, int]],
    *,
    system: int = 30_000_142,
    nearby_system_ids: tuple[int, ...] = (),
    adjacent_system_ids: tuple[int, ...] = (),
    source: Source = Source.LIVE,
    named: bool = True,
) -> EnrichedKillmail:
    loser = participant(*victim)
    if not named:
        del loser["character_name"]
    return EnrichedKillmail(
        killmail_id=killmail_id,
        zkb_hash="a" * 40,
        killmail_time=START + timedelta(minutes=minute),
        system_id=system,
        system_name=f"System {system}",
        constellation_id=20_000_020,
        region_id=10_000_002,
        region_name="The Forge",
        security_type=SecurityType.NULLSEC,
        security_status=-0.4,
        nearby_system_ids=nearby_system_ids,
        adjacent_system_ids=adjacent_system_ids,
        zkb_total_value=f"{1_000_000 + killmail_id}.25",
        zkb_url=f"https://zkillboard.com/kill/{killmail_id}/",
        victim=EnrichedVictim.model_validate({**loser, "ship_group_id": 25, "ship_category_id": 6}),
        attackers=tuple(
            EnrichedAttacker.model_validate(
                {**participant(*attacker), "damage_done": 100 + index, "final_blow": index == 0}
            )
            for index, attacker in enumerate(attackers)
        ),
        attacker_count=len(attackers),
        source=source,
        archive_key="raw-killmails/x#0+1",
    )


def random_killmails(seed: int, *, size: int = 30) -> list[EnrichedKillmail]:
    """Killmails of a few gangs in two adjacent systems over three hours."""
    rng = random.Random(seed)
    killmails: list[EnrichedKillmail] = []
    for number in range(size):
        winners, losers = rng.sample([1, 2, 3], 2)
        system = rng.choice([30_000_142, 30_000_144])
        attackers = [(winners * 100 + rng.randrange(6), winners) for _ in range(rng.randrange(1, 4))]
        minute = rng.uniform(0, 180)
        killmails.append(
            enriched_killmail(
                1000 + number,
                minute,
                (losers * 100 + rng.randrange(6), losers),
                list(dict.fromkeys(attackers)),
                system=system,
                nearby_system_ids=(30_000_142 + 30_000_144 - system,),
            )
        )
    return killmails
