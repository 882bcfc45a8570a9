"""web-serve in this process, on folders of a test."""

from pathlib import Path

import httpx2

from battlescope_events.access.public_guard import PublicGuard
from battlescope_events.edge.origins import OriginPolicy
from web_serve.dependencies import Dependencies
from web_serve.main import app
from web_serve.sources.api_description import ApiDescription
from web_serve.sources.build_state import BuildStateReader
from web_serve.sources.site_folder import SiteFolder

INDEX = b"<!doctype html><title>BattleScope</title>"
SCRIPT = b"export const answer = 42;\n" * 100


class Site:
    """A build in `folder`, the state file of a build, and clients of the function that serves them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state_file = folder / "dist", folder / "state.json"
        self.description = ApiDescription()

    def write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def client(self, *, has_login: bool = False) -> httpx2.AsyncClient:
        app.state.dependencies = Dependencies(
            SiteFolder(self.folder),
            BuildStateReader(self.state_file),
            self.description,
            PublicGuard(OriginPolicy()),
            has_login=has_login,
        )
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url="http://web", headers={"accept-encoding": "identity"})
