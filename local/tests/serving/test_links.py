"""The landing page links what the OpenAPI documents of the functions say can be read without an id."""

from battlescope_local.devtools.project import ROOT
from battlescope_local.serving.links import readable_resources


def test_only_paths_without_parameters_are_linked() -> None:
    services = ["account-api", "battle-api", "killmail-api", "ingest-poll"]
    paths = [link.path for link in readable_resources(ROOT / "functions", services, "off")]
    assert {"/api/battles", "/api/killmails/recent"} < set(paths)
    assert paths == sorted(paths)
    assert not [path for path in paths if "{" in path or path.startswith(("/api/me", "/auth"))]
    with_login = [link.path for link in readable_resources(ROOT / "functions", services, "sso")]
    assert with_login == sorted(["/auth/login", *paths])
