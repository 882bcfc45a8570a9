"""What the routes of account-api depend on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi.requests import HTTPConnection

from account_api.domain.accounts import AccountState
from account_api.events import Origin
from account_api.services.access_tokens import AccessTokens
from account_api.services.account_changes import AccountChanges
from account_api.services.administration import Administration
from account_api.services.auth_config import AuthConfigService
from account_api.services.characters import CharacterService
from account_api.services.login import LoginService
from account_api.services.organisation_gate import OrganisationGate
from account_api.services.own_account import OwnAccount
from battlescope_events.access.credentials import client_address, user_agent_of
from battlescope_events.edge.modes import AccessMode
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import Caller, Guard
from battlescope_events.http_api.routing import OF_APP


@dataclass(frozen=True, slots=True)
class Site:
    """What holds for the whole installation.

    origins: to which a login may return besides paths of this host.
    login_target, error_target: where a login returns to by default, and where it reports an error.
    trusted_hops: proxies of ours that state the address of a client.
    """

    mode: AccessMode
    has_login: bool
    origins: frozenset[str]
    login_target: str
    error_target: str
    secure_cookies: bool
    session_seconds: int
    trusted_hops: int
    image_host: str
    retention_months: int


@dataclass(frozen=True, slots=True)
class Dependencies:
    guard: Guard
    site: Site
    changes: AccountChanges
    login: LoginService
    characters: CharacterService
    administration: Administration
    auth_config: AuthConfigService
    gate: OrganisationGate
    own_account: OwnAccount
    access_tokens: AccessTokens
    clock: Callable[[], datetime]

    def origin_of(self, connection: HTTPConnection, actor: UUID | None) -> Origin:
        """Who asks, for records."""
        return Origin(actor, client_address(connection, self.site.trusted_hops), user_agent_of(connection))

    async def state_of(self, caller: Caller) -> AccountState:
        """The account of the caller.

        Raises:
            ApiError: the caller has none: there are no accounts in the access mode `off` (404).
        """
        async with self.changes.unit() as unit:
            state = await unit.state(account_id_of(caller))
        if state is None:
            raise ApiError(404, "There is no account of yours.")
        return state


def account_id_of(caller: Caller) -> UUID:
    """The id of the caller's account.

    Raises:
        ApiError: the caller has none (404).
    """
    if caller.account_id is None:
        raise ApiError(404, "There are no accounts in the access mode off.")
    return caller.account_id


Deps = Annotated[Dependencies, OF_APP]
