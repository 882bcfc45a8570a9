"""The rights that the routes of battle-api need."""

from typing import Final

from battlescope_events.edge.limits import SHARE_WRITE
from battlescope_events.http_api.guard import Right, Role, requires

FEATURE: Final = "battle-reports"
READS_BATTLES: Final = requires(Right(FEATURE, Role.USER))
EDITS_BATTLES: Final = requires(Right(FEATURE, Role.FC, writes=True))
SHARES_BATTLES: Final = requires(Right(FEATURE, Role.USER, writes=True, limit=SHARE_WRITE))
READS_ADMINISTRATION: Final = requires(Right(FEATURE, Role.ADMIN))
ADMINISTERS: Final = requires(Right(FEATURE, Role.ADMIN, writes=True))
