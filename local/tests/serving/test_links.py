"""The landing page links what the OpenAPI documents of the functions say can be read without an id."""

from battlescope_events.http_api.guard import INSTALLATION, OWN_ACCOUNT
from battlescope_local.devtools.project import ROOT
from battlescope_local.serving.links import OF_ACCOUNTS, readable_resources


def test_the_features_of_accounts_are_those_of_the_guard() -> None:
    assert {OWN_ACCOUNT, INSTALLATION} == OF_ACCOUNTS


def test_only_paths_without_parameters_are_linked() -> None:
    services = ["account-api", "battle-api", "killmail-api", "ingest-poll"]
    paths = [link.path for link in readable_resources(ROOT / "functions", services, "off")]
    assert {"/api/battles", "/api/killmails/recent"} < set(paths)
    assert paths == sorted(paths)
    assert not [path for path in paths if "stream" in path]  # a browser would wait for ten minutes
    assert not [path for path in paths if "{" in path or path.startswith(("/api/me", "/api/admin/accounts", "/auth"))]
    with_login = [link.path for link in readable_resources(ROOT / "functions", services, "sso")]
    assert with_login == ["/auth/login", "/api/me", *paths]
