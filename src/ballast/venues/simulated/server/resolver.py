"""Resolver: lets a client reach the simulated venues under their real names, and nothing else."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

LOOPBACK = "127.0.0.1"


class VenueResolver(AbstractResolver):
    """Answers for known venue hosts with loopback and our port; refuses every other name.

    The answer carries the port, so a client that dials 443 or 9443 lands on our one listener.
    """

    def __init__(self, hosts: Iterable[str], port: int) -> None:
        """Answer for `hosts`."""
        self._hosts = frozenset(hosts) | {"localhost"}
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[Any]:
        """Return loopback for a known host; raise `OSError` for any other."""
        del port, family
        if host not in self._hosts:
            raise OSError(f"{host} is not simulated here, and nothing else may be reached")
        return [
            {
                "hostname": host,
                "host": LOOPBACK,
                "port": self._port,
                "family": socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
        ]

    async def close(self) -> None:
        """Hold nothing that must be released."""


def client_session(
    hosts: Iterable[str], port: int, context: ssl.SSLContext
) -> aiohttp.ClientSession:
    """Return a session for ccxt or any aiohttp client; its owner closes it.

    It reaches the simulated venues under their real names over TLS, and no other host at all.
    """
    connector = aiohttp.TCPConnector(
        resolver=VenueResolver(hosts, port), ssl=context, ttl_dns_cache=None, use_dns_cache=False
    )
    return aiohttp.ClientSession(connector=connector)
