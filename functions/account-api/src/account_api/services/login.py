"""A login with EVE Online, from the first redirect to the session; also for linking and for renewing a character."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final, NamedTuple
from uuid import UUID

from account_api.clients.esi import EsiClient
from account_api.clients.sso import GrantRefused, SsoClient, TokenGrant
from account_api.credentials.access_token_verifier import AccessTokenVerifier
from account_api.credentials.login_states import LoginMode, LoginState, LoginStates
from account_api.credentials.token_cipher import TokenCipher
from account_api.domain.accounts import AccountState, Affiliation
from account_api.domain.pkce import base64url, challenge_of
from account_api.domain.sso_claims import InvalidToken, SsoIdentity
from account_api.errors import LoginRefused
from account_api.events import Origin
from account_api.repositories.characters import VerifiedCharacter
from account_api.services.account_changes import AccountChanges
from account_api.services.admission import Admission
from account_api.services.characters import CharacterService
from battlescope_events.errors import PermanentError, TransientError
from battlescope_schemas.accounts.session import Session, token_digest

STATE_BYTES: Final = 16
SECRET_BYTES: Final = 32
MAX_STATE: Final = 64  # characters; ours have 32
MAX_CODE: Final = 2048
NO_AFFILIATIONS: Final[Mapping[int, Affiliation]] = {}


class BegunLogin(NamedTuple):
    """Where the browser goes, and the secret that it keeps as a cookie until it comes back."""

    url: str
    browser_secret: str


class Callback(NamedTuple):
    """What the browser brings back. `account_id` is that of its session; None without one."""

    state: str
    code: str
    error: str
    browser_secret: str
    account_id: UUID | None


class CompletedLogin(NamedTuple):
    """Where the browser goes; `token` is that of a new session, None where there is none."""

    target: str
    token: str | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class LoginService:
    states: LoginStates
    sso: SsoClient
    verifier: AccessTokenVerifier
    esi: EsiClient
    cipher: TokenCipher
    changes: AccountChanges
    admission: Admission
    characters: CharacterService
    session_lifetime: timedelta
    random_bytes: Callable[[int], bytes]

    async def begin(
        self, mode: LoginMode, target: str, account_id: UUID | None = None, character_id: int | None = None
    ) -> BegunLogin:
        """Remember a login, and where it continues. Raises `TransientError`: EVE SSO or Valkey does not answer."""
        state, verifier = self.random_bytes(STATE_BYTES).hex(), base64url(self.random_bytes(SECRET_BYTES))
        browser_secret = self.random_bytes(SECRET_BYTES).hex()
        url = await self.sso.authorize_url(state, challenge_of(verifier))
        login = LoginState(
            mode=mode,
            target=target,
            verifier=verifier,
            browser_digest=token_digest(browser_secret),
            account_id=account_id,
            character_id=character_id,
        )
        await self.states.save(state, login)
        return BegunLogin(url, browser_secret)

    async def take_state(self, callback: Callback) -> LoginState:
        """The login that this browser began; it cannot be taken again.

        Raises:
            LoginRefused: there is none, or another browser began it.
            TransientError: Valkey does not answer.
        """
        login = await self.states.take(callback.state) if 0 < len(callback.state) <= MAX_STATE else None
        if login is None:
            raise LoginRefused("invalid_state", "unknown_or_used_state")
        digest = token_digest(callback.browser_secret)
        if not callback.browser_secret or not compare_digest(digest, login.browser_digest):
            raise LoginRefused("invalid_state", "state_of_another_browser")
        return login

    async def complete(self, login: LoginState, callback: Callback, origin: Origin) -> CompletedLogin:
        """End a login that `take_state` gave.

        Raises:
            LoginRefused: it ends without a session.
            TransientError: the database or Valkey does not answer.
        """
        if callback.error:
            is_denied = callback.error == "access_denied"
            raise LoginRefused("access_denied" if is_denied else "auth_failed", "refused_by_sso")
        if login.mode is not LoginMode.LOGIN and (
            callback.account_id is None or callback.account_id != login.account_id
        ):
            raise LoginRefused("not_authenticated", "session_of_another_account")
        identity, grant = await self._identify(callback.code, login.verifier)
        if login.character_id is not None and identity.character_id != login.character_id:
            raise LoginRefused("auth_failed", "another_character")
        if login.mode is LoginMode.LOGIN:
            return await self._log_in(login.target, identity, grant, origin)
        await self._link(login, identity, grant, origin)
        return CompletedLogin(login.target, None, None)

    async def _identify(self, code: str, verifier: str) -> tuple[SsoIdentity, TokenGrant]:
        if not 0 < len(code) <= MAX_CODE:
            raise LoginRefused("auth_failed", "no_code")
        try:
            grant = await self.sso.redeem(code, verifier)
            return await self.verifier.verify(grant.access_token), grant
        except GrantRefused as error:
            raise LoginRefused("auth_failed", "code_refused") from error
        except InvalidToken as error:
            raise LoginRefused("auth_failed", f"token_{error.claim}") from error
        except (TransientError, PermanentError) as error:
            raise LoginRefused("auth_failed", "sso_unavailable") from error

    async def _log_in(self, target: str, identity: SsoIdentity, grant: TokenGrant, origin: Origin) -> CompletedLogin:
        await self.characters.unlink_sold(identity.character_id, identity.owner_hash)
        primary = await self.admission.primary_of(identity.character_id)
        affiliations = await self._affiliations({identity.character_id, primary or identity.character_id})
        verified = self._verified(identity, grant, affiliations.get(identity.character_id))
        account_id = await self.admission.admit(identity, verified, affiliations, origin)
        token = self.random_bytes(SECRET_BYTES).hex()

        def make_session(state: AccountState, now: datetime) -> Session:
            assert state.primary is not None  # noqa: S101  # an active account has one
            return Session(
                account_id=state.account.id,
                primary_character_id=state.primary.eve_character_id,
                primary_character_name=state.primary.name,
                is_super_admin=state.account.is_super_admin,
                roles=dict(state.roles),
                account_version=state.account.version,
                created_at=now,
                last_accessed_at=now,
                expires_at=now + self.session_lifetime,
                ip=origin.ip or "",
                user_agent=(origin.user_agent or "")[:256],
            )

        session = await self.admission.start_session(account_id, token_digest(token), make_session, identity, origin)
        await self.changes.flush()
        return CompletedLogin(target, token, session.expires_at)

    async def _link(self, login: LoginState, identity: SsoIdentity, grant: TokenGrant, origin: Origin) -> None:
        assert login.account_id is not None  # noqa: S101  # `complete` has compared it
        await self.characters.unlink_sold(identity.character_id, identity.owner_hash)
        affiliation = (await self._affiliations({identity.character_id})).get(identity.character_id)
        verified = self._verified(identity, grant, affiliation)
        if verified is None:
            raise LoginRefused("auth_failed", "organisation_unknown")
        await self.characters.link(login.account_id, verified, origin)

    async def _affiliations(self, character_ids: set[int]) -> Mapping[int, Affiliation]:
        """What ESI knows now; nothing while it does not answer, so that what is stored decides."""
        try:
            return await self.esi.affiliations(character_ids)
        except (TransientError, PermanentError):
            return NO_AFFILIATIONS

    def _verified(
        self, identity: SsoIdentity, grant: TokenGrant, affiliation: Affiliation | None
    ) -> VerifiedCharacter | None:
        if affiliation is None:
            return None
        character_id, refresh_token = identity.character_id, grant.refresh_token
        return VerifiedCharacter(
            eve_character_id=character_id,
            name=identity.name,
            owner_hash=identity.owner_hash,
            affiliation=affiliation,
            scopes=identity.scopes,
            access_token=self.cipher.encrypt(grant.access_token, character_id),
            refresh_token=self.cipher.encrypt(refresh_token, character_id) if refresh_token else None,
            token_expires_at=identity.expires_at,
        )
