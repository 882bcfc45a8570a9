"""Searches all categories at once; what does not answer is left out, so that the rest is shown."""

from dataclasses import dataclass
from typing import Final

from battlescope_events.errors import TransientError
from battlescope_schemas.search.documents import BattleDocument, KillmailDocument
from search_api.domain.named import EVERY_KIND
from search_api.domain.search_text import SearchText, read_search_text
from search_api.domain.searches import BattleOrder, BattleSearch, FoundPage, KillmailSearch, Page
from search_api.services.documents import DocumentSearch, FoundDocuments
from search_api.services.names import MAX_NAMED, FoundNames, NameSearch

_NO_BATTLES: Final[FoundDocuments[BattleDocument]] = FoundDocuments(FoundPage((), 0, {}))
_NO_KILLMAILS: Final[FoundDocuments[KillmailDocument]] = FoundDocuments(FoundPage((), 0, {}))


@dataclass(frozen=True, slots=True)
class FoundEverything:
    """battles, killmails: None while the engine does not answer."""

    text: SearchText
    names: FoundNames
    battles: FoundDocuments[BattleDocument] | None
    killmails: FoundDocuments[KillmailDocument] | None
    is_degraded: bool


async def find_everything(
    names: NameSearch, documents: DocumentSearch, typed: str, limit: int, *, sees_battles: bool
) -> FoundEverything:
    """Everything that fits what was typed; killmails only where it names one.

    Raises:
        TransientError: nothing answers.
    """
    text = read_search_text(typed)
    found = await names.find(text, EVERY_KIND, MAX_NAMED)
    if not sees_battles:
        return FoundEverything(text, found, _NO_BATTLES, _NO_KILLMAILS, found.is_degraded)
    if found.is_degraded:
        return FoundEverything(text, found, None, None, is_degraded=True)
    page = Page(limit)
    try:
        search = BattleSearch(order=BattleOrder.RELEVANCE, page=page)
        battles = await documents.battles(search, text, found)
        killmails = _NO_KILLMAILS
        if text.killmail_id is not None:
            named = KillmailSearch(killmail_ids=(text.killmail_id,), page=page)
            killmails = await documents.killmails(named, None)
    except TransientError:
        return FoundEverything(text, found, None, None, is_degraded=True)
    return FoundEverything(text, found, battles, killmails, is_degraded=False)
