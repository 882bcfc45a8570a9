"""The settings of battle-api, read from the environment."""

from battle_api.domain.shares import PublicShares
from battlescope_events.access.settings import AccessSettings
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_events.settings import SinkSettings


class Settings(DatabaseSettings, SinkSettings, AccessSettings):
    """What battle-api needs.

    public_shares: what readers without a login see of battles that users share by a link.
    """

    public_shares: PublicShares = PublicShares.CARD
