"""Whose address a request has: the peer's, or what a trusted proxy says that it is."""

from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# What a connection over a Unix socket has for an address when no trusted proxy names one. It is
# nobody's address, not even the machine's own, so no rule that spares 127.0.0.1 ever spares it,
# and all such requests share one rate limit.
NO_ADDRESS = "0.0.0.0"  # noqa: S104  (nothing is bound to it)

Address = IPv4Address | IPv6Address


class TrustedProxyMiddleware:
    """Puts the client's address in `REMOTE_ADDR` and drops the header, so that nothing further
    in can believe it again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        request.META["REMOTE_ADDR"] = client_address(request.META.get("REMOTE_ADDR"), forwarded)
        request.META.pop("REMOTE_HOST", None)
        return self.get_response(request)


def client_address(peer: str | None, forwarded: str) -> str:
    """The right-most entry of `X-Forwarded-For` that no trusted proxy has, if the peer is trusted.

    `peer` is None or empty over a Unix socket. An entry that is no address ends the search, since
    whoever wrote it could have written all that stands before it.
    """
    trusted = tuple(settings.CHAT_TRUSTED_PROXY)
    nearest = parsed(peer or "")
    if not (is_trusted(nearest, trusted) if nearest else "unix" in trusted):
        return str(nearest) if nearest else NO_ADDRESS
    for entry in reversed(forwarded.split(",")):
        hop = parsed(entry)
        if hop is None:
            break
        nearest = hop
        if not is_trusted(hop, trusted):
            break
    return str(nearest) if nearest else NO_ADDRESS


def parsed(entry: str) -> Address | None:
    """The address of an entry such as `203.0.113.7`, `203.0.113.7:4711` or `[2001:db8::7]:4711`."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted(address: Address, trusted: Iterable[str]) -> bool:
    return any(address in network for network in networks(tuple(trusted)))


@cache
def networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(proxy) for proxy in trusted if proxy != "unix")
