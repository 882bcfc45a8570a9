from pathlib import Path

import pytest
from site_harness import INDEX, SCRIPT, Site


@pytest.fixture
def empty_site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def site(empty_site: Site) -> Site:
    """A small build, as Vite leaves it."""
    empty_site.write("index.html", INDEX)
    empty_site.write("assets/app-a1b2c3.js", SCRIPT)
    empty_site.write("favicon.svg", b"<svg/>")
    return empty_site
