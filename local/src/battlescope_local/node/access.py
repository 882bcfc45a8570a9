"""Who may do what on this machine: the access mode, and the values by which the functions know their callers."""

from collections.abc import Mapping
from typing import Final

from battlescope_events.edge.hosts import is_loopback
from battlescope_events.edge.modes import AccessMode
from battlescope_local.errors import UserError

ACCESS_CONFIG_MAP: Final = "access"
OWNER_TOKEN_NAME: Final = "owner"  # noqa: S105  # the name of the stored token, not the token
ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104  # it is compared, not bound
WITHOUT_LOGIN: Final = (
    "Access mode `off`: everybody on this machine may read, and changes need the link or token below. "
    "Set BATTLESCOPE_SSO_CLIENT_ID for logins with EVE Online."
)


def check_address(host: str, mode: str) -> None:
    """Refuse an address that others reach, unless everybody has to log in.

    Raises:
        UserError: the address is not of the loopback, and the mode is not `sso`.
    """
    if mode != AccessMode.SSO and not is_loopback(host):
        message = (
            f"--host {host} is reached from other machines, where nobody would have to log in. "
            "Set BATTLESCOPE_SSO_CLIENT_ID first, or keep 127.0.0.1."
        )
        raise UserError(message)


def access_values(mode: str, owner_token: str, host: str, port: int) -> Mapping[str, str]:
    """The values of the ConfigMap `access` for functions behind the gateway at this address."""
    hosts = ("127.0.0.1", "localhost", *(() if is_loopback(host) or host == ANY_ADDRESS else (host,)))
    origins = " ".join(f"http://{name}:{port}" for name in hosts)
    values = {"ACCESS_MODE": mode, "PUBLIC_ORIGINS": origins, "CORS_ORIGINS": "", "TRUSTED_HOPS": "1"}
    return values if mode == AccessMode.SSO else {**values, "OWNER_TOKEN": owner_token}
