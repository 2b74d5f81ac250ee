"""Which hosts are this machine."""

import ipaddress
from typing import Any


def is_this_machine(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def only_here(host: str) -> dict[str, Any]:
    """Options of an HTTP client: a server on this machine is reached without the proxy, and sends nobody elsewhere."""
    return {"trust_env": False, "follow_redirects": False} if is_this_machine(host) else {}
