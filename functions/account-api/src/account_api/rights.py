"""The rights that the routes of account-api need."""

from typing import Final

from battlescope_events.edge.limits import PROFILE_READ, PROFILE_REFRESH, PROFILE_WRITE
from battlescope_events.http_api.guard import INSTALLATION, OWN_ACCOUNT, Right, Role, requires

OWN: Final = Right(OWN_ACCOUNT, Role.USER)
READS_OWN_ACCOUNT: Final = requires(OWN)
CHANGES_OWN_ACCOUNT: Final = requires(Right(OWN_ACCOUNT, Role.USER, writes=True))
READS_PROFILE: Final = requires(Right(OWN_ACCOUNT, Role.USER, limit=PROFILE_READ))
CHANGES_PROFILE: Final = requires(Right(OWN_ACCOUNT, Role.USER, writes=True, limit=PROFILE_WRITE))
REDIRECTS_TO_LINK: Final = requires(Right(OWN_ACCOUNT, Role.USER, limit=PROFILE_REFRESH))
STARTS_LINK: Final = requires(Right(OWN_ACCOUNT, Role.USER, writes=True, limit=PROFILE_REFRESH))
READS_ACCOUNTS: Final = requires(Right(INSTALLATION, Role.ADMIN))
ADMINISTERS_ACCOUNTS: Final = requires(Right(INSTALLATION, Role.ADMIN, writes=True))
