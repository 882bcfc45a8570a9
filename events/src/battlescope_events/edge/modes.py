"""Who may do what in an installation; free of any web framework, so that local mode uses it too."""

from enum import StrEnum
from typing import Final

OWNER_COOKIE: Final = "battlescope_owner"  # of the mode `off`


class AccessMode(StrEnum):
    """Who may do what.

    off: one person on one machine; reads are open, changes need the owner's token. Never reachable from elsewhere.
    sso: everybody logs in with EVE Online, and roles decide.
    """

    OFF = "off"
    SSO = "sso"
