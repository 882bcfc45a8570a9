"""What a connection presents to prove who asks, and from which address it comes."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from fastapi.requests import HTTPConnection

from battlescope_schemas.accounts.session import (
    ACCESS_TOKEN_PREFIX,
    SESSION_COOKIE,
    access_token_key,
    session_key,
    token_digest,
)

MAX_USER_AGENT: Final = 256
MAX_TOKEN_LENGTH: Final = 200  # tokens of BattleScope have 64 characters and a prefix
_HOST_BITS: Final = 64  # of an IPv6 address: its owner chooses them freely, as often as he likes


@dataclass(frozen=True, slots=True)
class Credential:
    """The key of Valkey under which the session or the access token of a request is stored."""

    key: str
    is_access_token: bool


def bearer_token(connection: HTTPConnection) -> str:
    """The token of the header Authorization, empty without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def credential_of(connection: HTTPConnection) -> Credential | None:
    """What the request presents; None without any. The header wins over the cookie, since a browser never adds it."""
    token = bearer_token(connection)
    if token:
        is_plausible = token.startswith(ACCESS_TOKEN_PREFIX) and len(token) <= MAX_TOKEN_LENGTH
        return Credential(access_token_key(token_digest(token)), is_access_token=True) if is_plausible else None
    cookie = connection.cookies.get(SESSION_COOKIE, "")
    if cookie and len(cookie) <= MAX_TOKEN_LENGTH:
        return Credential(session_key(token_digest(cookie)), is_access_token=False)
    return None


def user_agent_of(connection: HTTPConnection) -> str | None:
    """The program of the client as it names itself, for records: at most 256 printable characters."""
    text = "".join(c for c in connection.headers.get("user-agent", "") if c.isprintable())
    return text[:MAX_USER_AGENT] or None


def client_address(connection: HTTPConnection, trusted_hops: int) -> str:
    """The address of the client, as the outermost of our own proxies states it.

    Each of `trusted_hops` proxies adds the address of who called it to X-Forwarded-For; what stands before them is
    the client's own and may be invented.
    """
    forwarded = [part.strip() for value in connection.headers.getlist("x-forwarded-for") for part in value.split(",")]
    if trusted_hops and len(forwarded) >= trusted_hops:
        return forwarded[-trusted_hops]
    return connection.client.host if connection.client else "unknown"


def counted_network(address: str) -> str:
    """What the requests of an address are counted by: itself, or with IPv6 its network of 64 bits.

    A provider gives each customer at least that network. Counted by address, one client would have 2^64 limits.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return address
    network = IPv6Address(int(parsed) >> _HOST_BITS << _HOST_BITS)
    return str(parsed.ipv4_mapped or f"{network}/{_HOST_BITS}")
