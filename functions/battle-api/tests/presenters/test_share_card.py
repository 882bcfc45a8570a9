"""What the card of a shared battle says and draws."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from battle_api.domain.list_rows import SideRow, TopPartyRow
from battle_api.domain.rows import Battle
from battle_api.domain.shares import CardLoss, SharedBattle
from battle_api.presenters.share.card import card_svg
from battle_api.presenters.share.text import description, duration_text, isk_text, party_text, title

ID = UUID(int=1)
START = datetime(2026, 11, 27, 18, 42, tzinfo=UTC)


def battle(**changes: object) -> Battle:
    fields: dict[str, object] = dict.fromkeys(Battle.__struct_fields__)
    fields |= {
        "id": ID, "system_id": 30000142, "system_name": "UH-9ZG", "region_name": "Tenerifis",
        "security_type": "nullsec", "security_status": -0.3, "start_time": START,
        "end_time": START + timedelta(minutes=83),
        "duration_seconds": 83 * 60, "total_kills": 300, "total_participants": 960,
        "total_isk_destroyed": Decimal(346200000000), "revision": 1,
    }  # fmt: skip
    return Battle(**(fields | changes))


def party(
    side_id: int, name: str | None, role: str = "side", parties: int = 7, ticker: str | None = None
) -> TopPartyRow:
    return TopPartyRow(ID, side_id, "alliance", 99000000 + side_id, role, parties, 400, name, ticker)


def shared(*names: str, roles: tuple[str, ...] = ("side", "side", "third-party")) -> SharedBattle:
    losses = [Decimal(56700000000), Decimal(286000000000), Decimal(3500000000), Decimal(10**9)]
    sides = [SideRow(ID, n, 400 + n, 100, losses[n - 1], None) for n in range(1, len(names) + 1)]
    return SharedBattle(
        battle=battle(),
        sides=sides,
        top_parties=[party(n, name, (*roles, "side")[n - 1]) for n, name in enumerate(names, 1)],
        losses=[CardLoss(START + timedelta(minutes=n % 83), 1 + n % len(names)) for n in range(300)],
        ships=289,
        top_losses=[],
    )


def texts(svg: str) -> list[str]:
    """The text elements of a valid SVG, each as one string."""
    tree = ET.fromstring(svg)  # our own
    return ["".join(element.itertext()) for element in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_title_and_description_have_the_figures() -> None:
    fight = shared("Meridian Compact", "Iron Vanguard", "Nocturne Accord")
    assert title(fight) == "Meridian Compact v Iron Vanguard in UH-9ZG, 346b lost"
    assert description(fight) == "960 pilots, 289 ships, 1h 23m, 2026-11-27 18:42 EVE"


def test_card_of_two_sides_has_everything_of_the_picture() -> None:
    lines = texts(card_svg(shared("Meridian Compact", "Iron Vanguard", "Nocturne Accord")))
    assert lines == [
        "BattleScope", "2026-11-27 18:42 EVE, 1h 23m", "-0.3", "UH-9ZGTenerifis",
        "Meridian Compact", "and 6 more, 401 pilots", "56.7b lost",
        "Iron Vanguard", "and 6 more, 402 pilots", "286b lost",
        "346blost289ships960pilots", "third party: Nocturne Accord",
    ]  # fmt: skip


def test_card_of_more_than_two_sides_has_rows() -> None:
    lines = texts(card_svg(shared("A", "B", "C", "D", roles=("side",) * 3)))
    assert [line for line in lines if line.endswith(" lost")] == ["56.7b lost", "286b lost", "3.5b lost", "1b lost"]
    assert "third party" not in "".join(lines)


@pytest.mark.parametrize(
    ("name", "ticker", "shown"),
    [
        ("Short Name", "SHORT", "Short Name"),
        ("A Name of More Than Twenty-Two", "LONG", "[LONG]"),
        ("A Name of More Than Twenty-Two", None, "A Name of More Than T…"),
        ("皇家海军", "ROYAL", "[ROYAL]"),
        ("皇家海军", None, "Unknown Alliance #99000001"),
        (None, None, "Unknown Alliance #99000001"),
        ("Мерідіан", None, "Мерідіан"),
    ],
)
def test_name_of_a_party_is_what_fits_and_can_be_drawn(name: str | None, ticker: str | None, shown: str) -> None:
    assert party_text(party(1, name, ticker=ticker), 1) == shown


@pytest.mark.parametrize(
    ("isk", "shown"),
    [
        ("0", "0"), ("999.4", "999"), ("999.5", "1k"), ("1000", "1k"), ("56700000000", "56.7b"),
        ("286000000000", "286b"), ("999600000", "1b"), ("999400000", "999m"), ("99940000", "99.9m"),
        ("99960000", "100m"),
        ("1230000000000", "1.2t"),
    ],
)  # fmt: skip
def test_isk_has_three_digits_at_most(isk: str, shown: str) -> None:
    assert isk_text(Decimal(isk)) == shown


def test_duration_is_in_hours_and_minutes() -> None:
    assert [duration_text(seconds) for seconds in (0, 59, 60, 3599, 4980)] == ["0m", "0m", "1m", "59m", "1h 23m"]
