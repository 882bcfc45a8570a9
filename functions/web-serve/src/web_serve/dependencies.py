"""What the routes of web-serve depend on."""

from dataclasses import dataclass
from typing import Annotated

from battlescope_events.http_api.guard import Guard
from battlescope_events.http_api.routing import OF_APP
from web_serve.sources.api_description import ApiDescription
from web_serve.sources.build_state import BuildStateReader
from web_serve.sources.site_folder import SiteFolder


@dataclass(frozen=True, slots=True)
class Dependencies:
    """`has_login`: whether people log in, which the page without a web app then links."""

    site: SiteFolder
    build: BuildStateReader
    description: ApiDescription
    guard: Guard
    has_login: bool


Deps = Annotated[Dependencies, OF_APP]
