"""Which search engine the functions of this machine use."""

from battlescope_local.node.search import search_secrets, search_values

CONFIG_MAPS = {"search": {"SEARCH_ENGINE": "postgres"}}
TYPESENSE = {"BATTLESCOPE_TYPESENSE_URL": "http://127.0.0.1:8108", "BATTLESCOPE_TYPESENSE_API_KEY": "key"}


def test_postgres_searches_without_an_address() -> None:
    assert search_secrets({}) == {"search-engine": {"TYPESENSE_URL": "", "TYPESENSE_API_KEY": ""}}
    assert search_values(CONFIG_MAPS, {}, {}) == {}


def test_an_address_chooses_typesense() -> None:
    assert search_secrets(TYPESENSE) == {
        "search-engine": {"TYPESENSE_URL": "http://127.0.0.1:8108", "TYPESENSE_API_KEY": "key"}
    }
    assert search_values(CONFIG_MAPS, {}, TYPESENSE) == {"search": {"SEARCH_ENGINE": "typesense"}}


def test_overrides_win() -> None:
    chosen = search_values(CONFIG_MAPS, {"search": {"SEARCH_ENGINE": "postgres"}}, TYPESENSE)
    assert chosen == {"search": {"SEARCH_ENGINE": "postgres"}}


def test_manifests_without_search_stay_as_they_are() -> None:
    assert search_values({}, {}, TYPESENSE) == {}
