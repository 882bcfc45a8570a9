"""What the routes of search-api depend on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from battlescope_events.http_api.guard import Guard
from battlescope_events.http_api.routing import OF_APP
from battlescope_events.http_api.saved_requests import publish_saved
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from search_api.domain.engine import SearchEngine
from search_api.domain.engine_name import EngineName
from search_api.domain.search_figures import SearchFigures
from search_api.services.documents import DocumentSearch
from search_api.services.names import NameSearch


@dataclass(frozen=True, slots=True)
class Dependencies:
    """engine_name: the configured engine. monotonic: seconds, to say how long a search took.

    responses: answers that are kept. figures: of the searches of this process.
    """

    database: Database
    outbox: Outbox
    publish: Publish
    guard: Guard
    responses: ResponseCache
    figures: SearchFigures
    engine: SearchEngine
    engine_name: EngineName
    names: NameSearch
    documents: DocumentSearch
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    new_id: Callable[[], UUID]

    async def flush_outbox(self) -> None:
        """Publish the events of a saved request, if the Broker answers in time."""
        await publish_saved(lambda: self.outbox.flush(self.publish))


Deps = Annotated[Dependencies, OF_APP]
