"""Which search engine the functions of this machine use."""

from battlescope_local.node.search import search_secrets, search_values

CONFIG_MAPS = {"search": {"SEARCH_ENGINE": "postgres"}}
TYPESENSE = {"BATTLESCOPE_TYPESENSE_URL": "http://127.0.0.1:8108", "BATTLESCOPE_TYPESENSE_API_KEY": "key"}


def test_postgres_searches_without_an_address() -> None:
    secrets = search_secrets({})
    assert secrets.keys() == {"search-engine", "search-engine-reader"}
    assert {value for secret in secrets.values() for value in secret.values()} == {""}
    assert search_values(CONFIG_MAPS, {}, {}) == {}


def test_an_address_chooses_typesense() -> None:
    assert search_secrets(TYPESENSE)["search-engine"]["TYPESENSE_API_KEY"] == "key"
    assert search_secrets(TYPESENSE)["search-engine-reader"]["TYPESENSE_URL"] == "http://127.0.0.1:8108"
    assert search_values(CONFIG_MAPS, {}, TYPESENSE) == {"search": {"SEARCH_ENGINE": "typesense"}}


def test_search_api_gets_the_key_that_search_index_registers_and_no_other() -> None:
    secrets = search_secrets(TYPESENSE)
    assert secrets["search-engine-reader"]["TYPESENSE_API_KEY"] == secrets["search-engine"]["TYPESENSE_SEARCH_KEY"]
    assert "key" not in secrets["search-engine-reader"].values()
    other = search_secrets({**TYPESENSE, "BATTLESCOPE_TYPESENSE_API_KEY": "other"})
    assert other["search-engine-reader"]["TYPESENSE_API_KEY"] != secrets["search-engine-reader"]["TYPESENSE_API_KEY"]


def test_overrides_win() -> None:
    chosen = search_values(CONFIG_MAPS, {"search": {"SEARCH_ENGINE": "postgres"}}, TYPESENSE)
    assert chosen == {"search": {"SEARCH_ENGINE": "postgres"}}


def test_manifests_without_search_stay_as_they_are() -> None:
    assert search_values({}, {}, TYPESENSE) == {}
