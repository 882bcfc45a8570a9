"""Security types: by id first, then by security status."""

import csv
import gzip
from pathlib import Path

import pytest

from battlescope_schemas.universe import SecurityType, security_type

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("system", "region", "security", "expected"),
    [
        (30000142, 10000002, 0.9459, "highsec"),
        (30000001, 10000001, 0.45, "highsec"),
        (30002537, 10000030, 0.4499, "lowsec"),
        (30000002, 10000001, 0.0001, "lowsec"),
        (30004759, 10000060, 0.0, "nullsec"),
        (31000005, 11000031, -0.99, "wormhole"),
        (30000021, 10000070, -1.0, "pochven"),
        (32000001, 12000001, -1.0, "nullsec"),
        (34000001, 14000001, 0.9, "nullsec"),
        (30100000, 10001000, 0.5, "nullsec"),
        (36000001, 19000001, -1.0, "nullsec"),
    ],
)
def test_security_type(system: int, region: int, security: float, expected: str) -> None:
    assert security_type(system, region, security) == SecurityType(expected)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent: the real map is not ours")
def test_every_real_system_has_its_known_security_type() -> None:
    known = {"wormhole": "wormhole", "pochven": "pochven", "abyssal": "nullsec", "void": "nullsec"}
    with gzip.open(SHARED / "sde" / "systems.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            ours = security_type(int(row["system_id"]), int(row["region_id"]), float(row["security"]))
            if row["space"] in {"highsec", "lowsec", "nullsec"}:
                assert ours == row["space"] or row["system_id"] == "30100000", row
            elif row["space"] in known:
                assert ours == known[row["space"]], row
