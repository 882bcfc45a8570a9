"""What players type, and what is meant by it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.domain.search_text import EntityLink, RelatedKills, is_long_enough, read_search_text

BATTLE = UUID("5f0c2c9e-7c37-5d0e-9a3b-000000000001")


@pytest.mark.parametrize("typed", ["HED-GP", "hed-gp", "hedgp", "HED GP", " hed  gp "])
def test_spellings_of_a_system_are_one_text(typed: str) -> None:
    assert read_search_text(typed).compact == "hedgp"


@pytest.mark.parametrize("typed", ["[PILS.]", "[pils]", "<PILS.>", " [ PILS. ] "])
def test_brackets_make_a_ticker(typed: str) -> None:
    text = read_search_text(typed)
    assert (text.compact, text.is_ticker) == ("pils", True)


@pytest.mark.parametrize("typed", ["pils", "[pils", "[pils] horde", "[]"])
def test_other_texts_are_no_ticker(typed: str) -> None:
    assert not read_search_text(typed).is_ticker


@pytest.mark.parametrize(
    "typed",
    [
        "137202920",
        " #137202920 ",
        "https://zkillboard.com/kill/137202920/",
        "zkillboard.com/kill/137202920",
        "https://battles.example/killmails/137202920?from=live",
        "https://battles.example/intel/killmail/137202920",
    ],
)
def test_links_and_numbers_name_a_killmail(typed: str) -> None:
    assert read_search_text(typed).killmail_id == 137202920


def test_number_may_be_a_name_too_and_a_link_may_not() -> None:
    assert not read_search_text("137202920").is_link
    assert read_search_text("https://zkillboard.com/kill/137202920/").is_link


@pytest.mark.parametrize("typed", ["kill 137202920", "J115422", "0", "0137", "9" * 19, "zkillboard.com/kill/abc"])
def test_other_texts_name_no_killmail(typed: str) -> None:
    assert read_search_text(typed).killmail_id is None


@pytest.mark.parametrize(
    "typed",
    [str(BATTLE), str(BATTLE).upper(), f"https://battles.example/battles/{BATTLE}?tab=why", f"/battles/{BATTLE}"],
)
def test_links_and_ids_name_a_battle(typed: str) -> None:
    text = read_search_text(typed)
    assert (text.battle_id, text.is_link) == (BATTLE, True)


@pytest.mark.parametrize("typed", ["https://b.example/s/{}", "/s/{}", "s/{}", " https://b.example/s/{}.png?x=1 "])
def test_link_to_a_shared_battle_has_its_token(typed: str) -> None:
    text = read_search_text(typed.format("Ab_-5678901234567890zZ"))
    assert (text.share_token, text.is_link) == ("Ab_-5678901234567890zZ", True)


@pytest.mark.parametrize(
    "typed", ["s/short", "https://b.example/s/" + "x" * 23, "pass/" + "x" * 22, "Ab_-5678901234567890zZ"]
)
def test_other_texts_have_no_token(typed: str) -> None:
    assert read_search_text(typed).share_token is None


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("https://zkillboard.com/character/2119100000/", "character"),
        ("zkillboard.com/corporation/2119100000", "corporation"),
        ("https://zkillboard.com/alliance/2119100000/losses/page/2/", "alliance"),
        ("https://zkillboard.com/system/2119100000/", "system"),
        (" https://zkillboard.com/ship/2119100000/ ", "ship_type"),
        ("https://evewho.com/Character/2119100000", "character"),
    ],
)
def test_link_to_a_page_of_an_entity_names_it(typed: str, kind: str) -> None:
    text = read_search_text(typed)
    assert (text.entity, text.is_link) == (EntityLink(kind, 2_119_100_000), False)


@pytest.mark.parametrize(
    "typed", ["zkillboard.com/kill/1/", "zkillboard.com/character/abc/", "zkillboard.com/item/587/", "/character/587/"]
)
def test_other_links_name_no_entity(typed: str) -> None:
    assert read_search_text(typed).entity is None


@pytest.mark.parametrize("site", ["zkillboard.com", "br.evetools.org", "warbeacon.net/br"])
def test_link_to_related_kills_names_a_system_and_an_hour(site: str) -> None:
    text = read_search_text(f"https://{site}/related/30003088/202601070300/")
    assert text.related == RelatedKills(30003088, datetime(2026, 1, 7, 3, tzinfo=UTC))


@pytest.mark.parametrize("moment", ["202613070300", "202601070370", "2026010703", "202601070300000"])
def test_link_with_an_impossible_hour_names_nothing(moment: str) -> None:
    assert read_search_text(f"https://zkillboard.com/related/30003088/{moment}/").related is None


@pytest.mark.parametrize("typed", ["ab", "银", "か", "가", " 银 "])
def test_two_characters_or_one_word_sign_are_enough(typed: str) -> None:
    assert is_long_enough(typed)


@pytest.mark.parametrize("typed", ["a", "й", " b ", "", " "])
def test_one_letter_is_not_enough(typed: str) -> None:
    assert not is_long_enough(typed)


@given(st.text(max_size=100))
def test_any_text_can_be_read(typed: str) -> None:
    text = read_search_text(typed)
    assert text.typed == typed
    assert all(text.words)
