"""The real process, as the manifests start it: no store, no Secret."""

from collections.abc import Callable
from pathlib import Path

import httpx2

from battlescope_local.testing.processes import FunctionProcess


def test_site_needs_no_store(new_process: Callable[..., FunctionProcess], tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>BattleScope</title>")
    settings = {"ACCESS_MODE": "sso", "PUBLIC_ORIGINS": "https://battlescope.example", "SITE_FOLDER": str(tmp_path)}
    process = new_process("web_serve.main:app", settings).start().wait_until_ready()
    with httpx2.Client(base_url=process.url) as client:
        assert client.get("/health/readiness").json() == {"status": "healthy", "hasWebApp": True}
        assert client.get("/battles").text == "<!doctype html><title>BattleScope</title>"
        assert client.get("/api/openapi.json").json()["info"]["title"] == "BattleScope"
        foreign = client.post("/", headers={"origin": "https://evil.example"})
        assert foreign.status_code == 403
