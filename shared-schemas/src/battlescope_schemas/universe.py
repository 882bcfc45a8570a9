"""Solar systems and their security types."""

from enum import StrEnum

from battlescope_schemas.base import EveId, Schema

HIGHSEC_FROM = 0.45  # displayed as 0.5, from where CONCORD responds
POCHVEN_REGION = 10000070
WORMHOLE_SYSTEMS = range(31_000_000, 32_000_000)
# Abyssal and void pockets, and Zarzakh, are nullsec whatever their security status: nobody protects pilots there.
LAWLESS_SYSTEMS = (range(32_000_000, 33_000_000), range(34_000_000, 35_000_000), range(30_100_000, 30_100_001))

# The 27 systems of region 10000070: no range of ids covers them, and some callers have no map.
POCHVEN_SYSTEMS = frozenset(
    {
        *(30000021, 30000157, 30000192, 30000206, 30001372, 30001381, 30001413, 30001445, 30002079),
        *(30002225, 30002411, 30002652, 30002702, 30002737, 30002770, 30002797, 30003046, 30003495),
        *(30003504, 30005005, 30005029, 30010141, 30020141, 30031392, 30040141, 30045328, 30045329),
    }
)


class SecurityType(StrEnum):
    HIGHSEC = "highsec"
    LOWSEC = "lowsec"
    NULLSEC = "nullsec"
    WORMHOLE = "wormhole"
    POCHVEN = "pochven"


class SolarSystem(Schema):
    """One solar system with its constellation, region and security."""

    system_id: EveId
    system_name: str
    constellation_id: EveId
    region_id: EveId
    region_name: str
    security_status: float
    security_type: SecurityType


def security_type(system_id: int, region_id: int, security_status: float) -> SecurityType:
    """The security type: by id first, then by status. -1.0 alone does not mean wormhole, other systems have it too."""
    if system_id in WORMHOLE_SYSTEMS:
        return SecurityType.WORMHOLE
    if region_id == POCHVEN_REGION:
        return SecurityType.POCHVEN
    if any(system_id in span for span in LAWLESS_SYSTEMS) or security_status <= 0:
        return SecurityType.NULLSEC
    return SecurityType.HIGHSEC if security_status >= HIGHSEC_FROM else SecurityType.LOWSEC


def system_effect(sun_name: str | None) -> str | None:
    """What players call the effect of a secondary sun: that of a "Wolf-Rayet Star" is "Wolf-Rayet"."""
    return sun_name.removesuffix(" Star") if sun_name else None


_KNOWN_SPACE = frozenset({SecurityType.HIGHSEC, SecurityType.LOWSEC, SecurityType.NULLSEC})


def possible_security(system_id: int) -> frozenset[SecurityType]:
    """The security types that a system can have, by its id alone."""
    if system_id in WORMHOLE_SYSTEMS:
        return frozenset({SecurityType.WORMHOLE})
    if system_id in POCHVEN_SYSTEMS:
        return frozenset({SecurityType.POCHVEN})
    if any(system_id in span for span in LAWLESS_SYSTEMS):
        return frozenset({SecurityType.NULLSEC})
    return _KNOWN_SPACE
