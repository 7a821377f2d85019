"""Connections to public addresses alone: what a name resolves to is looked at, and just that is connected to."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

import httpcore2
import httpx2

TRANSLATED: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
PORTS: Final = (80, 443)


class PrivateAddress(httpcore2.ConnectError):
    """The name leads to an address of this machine or of a private network: nothing was sent there."""


class PublicTransport(httpx2.HTTPTransport):
    """HTTP/1.1 to public addresses, at every hop, past no proxy. allow_loopback: for tests on this machine."""

    def __init__(self, *, allow_loopback: bool = False) -> None:
        super().__init__(trust_env=False)
        self._pool.close()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False), max_connections=1,
            network_backend=PublicBackend(allow_loopback=allow_loopback),
        )


class PublicBackend(httpcore2.SyncBackend):
    """Resolves a name once: an answer that changes afterwards changes nothing."""

    def __init__(self, *, allow_loopback: bool = False) -> None:
        self._allow_loopback = allow_loopback

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Raises PrivateAddress, httpcore2.ConnectError."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the name cannot be resolved: {error}") from None
        addresses = [str(one[4][0]) for one in found]
        for address in addresses:
            if not is_public(address) and not (self._allow_loopback and ip_address(address).is_loopback):
                raise PrivateAddress("it leads to an address that is not public")
        if port not in PORTS and not self._allow_loopback:
            raise PrivateAddress(f"port {port} is not one of the web's")
        return super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Never. Raises PrivateAddress."""
        del path, timeout, socket_options
        raise PrivateAddress("a socket of this machine")


def is_public(text: str) -> bool:
    """Of an IP address; IPv6 that stands for an IPv4 address is none, for that may be a private one."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address.teredo or any(address in net for net in TRANSLATED)
        or int(address) < 1 << 32
    ):
        return False
    return address.is_global and not address.is_multicast
