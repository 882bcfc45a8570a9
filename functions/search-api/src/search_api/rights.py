"""The rights that the routes of search-api need."""

from typing import Final

from battlescope_events.edge.limits import SEARCH_ADVANCED, SEARCH_AUTOCOMPLETE, SEARCH_GLOBAL
from battlescope_events.http_api.guard import ANY_FEATURE, INSTALLATION, Caller, CallerKind, Right, Role, requires

BATTLE_REPORTS: Final = "battle-reports"
COMPLETES_NAMES: Final = requires(Right(ANY_FEATURE, Role.USER, limit=SEARCH_AUTOCOMPLETE))
SEARCHES_EVERYTHING: Final = requires(Right(ANY_FEATURE, Role.USER, limit=SEARCH_GLOBAL))
SEARCHES_BATTLES: Final = requires(Right(BATTLE_REPORTS, Role.USER, limit=SEARCH_ADVANCED))
READS_ADMINISTRATION: Final = requires(Right(INSTALLATION, Role.ADMIN))
ADMINISTERS: Final = requires(Right(INSTALLATION, Role.ADMIN, writes=True))


def may_see_battles(caller: Caller) -> bool:
    """Whether the caller may see battles and killmails. Without logins everybody on the machine may read."""
    return caller.kind is CallerKind.ANONYMOUS or caller.rank(BATTLE_REPORTS) >= Role.USER
