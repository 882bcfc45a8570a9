"""What a person typed into the search box, read with the habits of the game."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from battlescope_schemas.search.folding import compact, folded

MAX_LENGTH: Final = 100
_TICKER: Final = re.compile(r"\s*(?:\[([^\[\]]{1,12})\]|<([^<>]{1,12})>)\s*")
_KILLMAIL_LINK: Final = re.compile(
    r"(?:zkillboard\.com/kill|/killmails?|/intel/killmail)/([1-9][0-9]{0,17})(?![0-9])", re.IGNORECASE
)
_ENTITY_LINK: Final = re.compile(
    r"(?:zkillboard|evewho)\.com/(character|corporation|alliance|system|ship)/([1-9][0-9]{0,17})(?![0-9])",
    re.IGNORECASE,
)
_KINDS_OF_LINKS: Final = {"ship": "ship_type"}  # the others are called as here
_RELATED_LINK: Final = re.compile(
    r"(?:zkillboard\.com|evetools\.org|warbeacon\.net/br)/related/([1-9][0-9]{0,17})/([0-9]{12})(?![0-9])",
    re.IGNORECASE,
)
_BATTLE: Final = re.compile(
    r"(?:.*/battles/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f-]).*", re.IGNORECASE | re.DOTALL
)
_SHARE: Final = re.compile(r"(?:.*/)?s/([A-Za-z0-9_-]{22})(?:\.png)?(?![A-Za-z0-9_-]).*", re.DOTALL)
_KILLMAIL_ID: Final = re.compile(r"\s*#?([1-9][0-9]{0,17})\s*")
# Han, Hiragana, Katakana and Hangul: one sign is a syllable or a word, so that one is enough to search for.
_WORD_SIGNS: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class RelatedKills:
    """What a link to a page of related kills names: a system, and the hour in which a fight began."""

    system_id: int
    hour: datetime


class EntityLink(NamedTuple):
    """What a link to a page of a pilot, organisation, system or ship names. kind: a `NamedKind`."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class SearchText:
    """words: in normal form. compact: the same without spaces. is_ticker: it stands in brackets.

    killmail_id, battle_id, related: what a link or an id names. A number may be the name of a corporation, too.
    share_token: of a link to a shared battle. entity: what a link names in place of a name.
    """

    typed: str
    words: tuple[str, ...]
    compact: str
    is_ticker: bool = False
    killmail_id: int | None = None
    battle_id: UUID | None = None
    related: RelatedKills | None = None
    share_token: str | None = None
    entity: EntityLink | None = None

    @property
    def is_link(self) -> bool:
        """Whether it names one thing by a link or a battle's id, so that no name is meant."""
        is_number = self.killmail_id is not None and self.compact.isdigit()
        named = (self.killmail_id, self.battle_id, self.related, self.share_token)
        return not is_number and any(value is not None for value in named)


def read_search_text(typed: str) -> SearchText:
    """Read what was typed; it may hold nothing that can be searched for."""
    ticker = _TICKER.fullmatch(typed)
    text = (ticker[1] or ticker[2]) if ticker else typed
    words = tuple(folded(text).split())
    battle = _BATTLE.fullmatch(typed.strip())
    killmail = _KILLMAIL_LINK.search(typed) or _KILLMAIL_ID.fullmatch(typed)
    share = _SHARE.fullmatch(typed.strip())
    return SearchText(
        typed,
        words,
        compact(text),
        is_ticker=ticker is not None,
        killmail_id=int(killmail[1]) if killmail else None,
        battle_id=UUID(battle[1]) if battle else None,
        related=_related(typed),
        share_token=share[1] if share else None,
        entity=_entity(typed),
    )


def _entity(typed: str) -> EntityLink | None:
    link = _ENTITY_LINK.search(typed)
    if link is None:
        return None
    kind = link[1].lower()
    return EntityLink(_KINDS_OF_LINKS.get(kind, kind), int(link[2]))


def _related(typed: str) -> RelatedKills | None:
    link = _RELATED_LINK.search(typed)
    if link is None:
        return None
    try:
        hour = datetime.strptime(link[2], "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:  # no such day
        return None
    return RelatedKills(int(link[1]), hour)


def is_long_enough(typed: str) -> bool:
    """Whether a search makes sense: two characters, or one that is a syllable or a word."""
    return len(typed.strip()) > 1 or bool(_WORD_SIGNS.search(typed))
