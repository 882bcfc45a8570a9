"""web-serve: serves the web app and the description of the HTTP API."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from battlescope_events.access.public_guard import PublicGuard
from battlescope_events.edge.modes import AccessMode
from battlescope_events.edge.origins import origin_policy
from battlescope_events.http_api.app import api_app
from battlescope_events.settings import from_environment
from web_serve.dependencies import Dependencies
from web_serve.domain.site_paths import INDEX
from web_serve.routers.description import router as description_router
from web_serve.routers.site import router as site_router
from web_serve.settings import Settings
from web_serve.sources.api_description import ApiDescription
from web_serve.sources.build_state import BuildStateReader
from web_serve.sources.site_folder import SiteFolder


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = from_environment(Settings)
    yield Dependencies(
        SiteFolder(settings.site_folder),
        BuildStateReader(settings.build_state_file),
        ApiDescription(),
        PublicGuard(origin_policy(settings.public_origins.split(), settings.cors_origins.split())),
        has_login=settings.access_mode is AccessMode.SSO,
    )


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    """Always ready: without a web app, a page takes its place."""
    return {"hasWebApp": await dependencies.site.read(INDEX) is not None}


app = api_app(
    "web-serve",
    [description_router, site_router],  # in this order: the second one takes every other path
    open_dependencies,
    ready,
)
