"""Who asks, and whether the address that is asked is one that is meant."""

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from salescoach.hosts import is_this_machine

EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})

Place = tuple[str, int | None]


def place(address: str) -> Place | None:
    """Host and port of an address; None as the port stands for the usual one."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return None if not host else (host.casefold(), None if port in (80, 443) else port)


def tidy_hosts(hosts: Collection[str]) -> frozenset[str]:
    """Names and addresses as ``is_meant`` compares them."""
    return frozenset(host.strip("[] ").casefold() for host in hosts if host.strip())


def is_meant(host: str, hosts: Collection[str]) -> bool:
    """Whether a host is this machine or one of ``hosts``; where every address is among these, any number is."""
    if is_this_machine(host) or host in hosts:
        return True
    return not EVERY_ADDRESS.isdisjoint(hosts) and _is_number(host)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
