"""Builds what the routes depend on from settings, stores and clients."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from account_api.clients.esi import EsiClient
from account_api.clients.sso import SsoAccess, SsoClient
from account_api.credentials.access_token_verifier import AccessTokenVerifier
from account_api.credentials.login_states import LoginStates
from account_api.credentials.sessions import SessionStore
from account_api.credentials.token_cipher import TokenCipher
from account_api.dependencies import Dependencies, Site
from account_api.domain.sso_claims import issuers_of
from account_api.services.access_tokens import AccessTokens
from account_api.services.account_changes import AccountChanges
from account_api.services.administration import Administration
from account_api.services.admission import Admission
from account_api.services.auth_config import AuthConfigService
from account_api.services.characters import CharacterService
from account_api.services.login import LoginService
from account_api.services.organisation_gate import OrganisationGate
from account_api.services.own_account import OwnAccount
from account_api.settings import Settings
from battlescope_events.http_api.guard import Guard
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_events.upstream.client import UpstreamClient
from battlescope_events.valkey.connection import Valkey


@dataclass(frozen=True, slots=True)
class Outside:
    """What the function reaches: stores, the Broker, upstreams; and the clock and chance."""

    database: Database
    outbox: Outbox
    publish: Publish
    valkey: Valkey
    sso: UpstreamClient
    esi: EsiClient
    guard: Guard
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    random_bytes: Callable[[int], bytes]


def compose(settings: Settings, outside: Outside, cipher: TokenCipher) -> Dependencies:
    sessions = SessionStore(outside.valkey)
    changes = AccountChanges(
        outside.database, outside.outbox, outside.publish, sessions, clock=outside.clock, new_id=outside.new_id
    )
    sso = SsoClient(outside.sso, sso_access(settings))
    characters = CharacterService(changes, sso, cipher)
    gate = OrganisationGate(changes, settings.require_membership)
    return Dependencies(
        guard=outside.guard,
        site=site(settings),
        changes=changes,
        login=_login(settings, outside, cipher, sso, characters, gate),
        characters=characters,
        administration=Administration(changes),
        auth_config=AuthConfigService(changes, gate),
        gate=gate,
        own_account=OwnAccount(changes, characters),
        access_tokens=AccessTokens(changes, outside.random_bytes),
        clock=outside.clock,
    )


def _login(  # noqa: PLR0917  # the parts of a login
    settings: Settings,
    outside: Outside,
    cipher: TokenCipher,
    sso: SsoClient,
    characters: CharacterService,
    gate: OrganisationGate,
) -> LoginService:
    verifier = AccessTokenVerifier(
        sso.fetch_keys,
        issuers=issuers_of(settings.sso_url),
        client_id=settings.sso_client_id,
        clock=outside.clock,
    )
    admission = Admission(gate.changes, settings.default_roles, settings.super_admin_characters, gate)
    return LoginService(
        states=LoginStates(outside.valkey),
        sso=sso,
        verifier=verifier,
        esi=outside.esi,
        cipher=cipher,
        changes=gate.changes,
        admission=admission,
        characters=characters,
        session_lifetime=timedelta(seconds=settings.session_ttl_seconds),
        random_bytes=outside.random_bytes,
    )


def sso_access(settings: Settings) -> SsoAccess:
    origins = settings.public_origins.split()
    return SsoAccess(
        settings.sso_url,
        settings.sso_client_id,
        settings.sso_client_secret.get_secret_value(),
        settings.sso_scopes,
        f"{origins[0] if origins else ''}/auth/callback",
    )


def site(settings: Settings) -> Site:
    return Site(
        mode=settings.access_mode,
        has_login=settings.has_login,
        origins=frozenset(settings.public_origins.split()) | frozenset(settings.cors_origins.split()),
        login_target=settings.login_target,
        error_target=settings.login_error_target,
        secure_cookies=settings.session_cookie_secure,
        session_seconds=settings.session_ttl_seconds,
        trusted_hops=settings.trusted_hops,
        image_host=settings.image_host,
        retention_months=settings.data_retention_months,
    )
