"""The landing page links what the OpenAPI documents of the functions say can be read without an id."""

from battlescope_local.devtools.project import ROOT
from battlescope_local.serving.links import readable_resources


def test_only_paths_without_parameters_are_linked() -> None:
    paths = [
        link.path for link in readable_resources(ROOT / "functions", ["battle-api", "killmail-api", "ingest-poll"])
    ]
    assert {"/api/battles", "/api/killmails/recent"} < set(paths)
    assert paths == sorted(paths)
    assert not [path for path in paths if "{" in path or "killmails/{" in path]
