"""Which names of this machine a request may be for, where nobody logs in; free of any web framework, for gateways too.

A foreign web page can have its own name resolve to 127.0.0.1 (DNS rebinding). Its scripts then read answers as those of
their own site; only the header Host tells that the request is not for us.
"""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

FOREIGN_HOST: Final = "Without logins, requests are answered only by a name of this machine, such as localhost."
_CLUSTER: Final = ".svc.cluster.local"


def host_name(authority: str) -> str:
    """The name or address of a header Host or of an origin, without the port and in lower case; empty if it is none."""
    try:
        return urlsplit(authority if "//" in authority else f"//{authority}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a name or address always means this machine."""
    return name == "localhost" or name.endswith(".localhost") or (is_address(name) and ip_address(name).is_loopback)


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_own_host(host: str, own: Collection[str]) -> bool:
    """Whether a function without logins may answer a request for this Host: no foreign page has such a name.

    Names of the public DNS have a dot, so that a name without one is of the own network, as are those of a cluster; and
    a page at an address is served from there. `own` are further names, without ports.
    """
    name = host_name(host)
    is_public = "." in name and not name.endswith(_CLUSTER) and not is_address(name)
    return name != "" and (not is_public or is_loopback(name) or name in own)
