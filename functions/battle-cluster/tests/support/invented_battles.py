"""Made-up mails for tests."""

import random
from datetime import UTC, datetime, timedelta

from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail, EnrichedVictim
from battlescope_schemas.reference import Source
from battlescope_schemas.universe import SecurityType

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
RIFTER = {"ship_type_id": 587, "ship_type_name": "Rifter"}


def person(number: int, alliance: int) -> dict[str, object]:
    return {
        "character_id": 90_000_000 + number,
        "character_name": f"Pilot {number}",
        "corporation_id": 98_000_000 + alliance,
        "corporation_name": f"Corporation {alliance}",
        "alliance_id": 99_000_000 + alliance,
        "alliance_name": f"Alliance {alliance}",
        **RIFTER,
    }


def mail(
    killmail_id: int,
    minute: float,
    victim: tuple[int, int],
    attackers: list[tuple[int, int]],
    *,
    system: int = 30_000_142,
    near: tuple[int, ...] = (),
    source: Source = Source.LIVE,
    named: bool = True,
) -> EnrichedKillmail:
    lost = person(*victim)
    if not named:
        del lost["character_name"]
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
        nearby_system_ids=near,
        zkb_total_value=f"{1_000_000 + killmail_id}.25",
        zkb_url=f"https://zkillboard.com/kill/{killmail_id}/",
        victim=EnrichedVictim.model_validate({**lost, "ship_group_id": 25, "ship_category_id": 6}),
        attackers=tuple(
            EnrichedAttacker.model_validate({**person(*who), "damage_done": 100 + at, "final_blow": at == 0})
            for at, who in enumerate(attackers)
        ),
        attacker_count=len(attackers),
        source=source,
        archive_key="raw-killmails/x#0+1",
    )


def evening(seed: int, *, size: int = 30) -> list[EnrichedKillmail]:
    """Mails of a few gangs in two neighbouring systems over three hours."""
    chance = random.Random(seed)
    mails = []
    for number in range(size):
        ours, theirs = chance.sample([1, 2, 3], 2)
        system = chance.choice([30_000_142, 30_000_144])
        crew = [(ours * 100 + chance.randrange(6), ours) for _ in range(chance.randrange(1, 4))]
        minute = chance.uniform(0, 180)
        near = (30_000_142 + 30_000_144 - system,)
        victim = (theirs * 100 + chance.randrange(6), theirs)
        mails.append(mail(1000 + number, minute, victim, list(dict.fromkeys(crew)), system=system, near=near))
    return mails
