"""The way in for what clients mostly begin with: a whole request to open the WebSocket, in one piece.

Stock, Twisted reads it as HTTP, Daphne writes it out again, and autobahn reads it a second time: half of
what a client that comes costs, and when a server dies a thousand come to the next one at once. What is
not so plain is left to them: whatever comes in pieces, has a header twice, asks for a subprotocol, or is
wrong in any way, so that it is they who say how.
"""

import re
from typing import Any, NamedTuple

END = b"\r\n\r\n"
HEAD_LIMIT = 16_384  # bytes; Twisted's own for a line
LINES = re.compile(r"(?:\r\n[A-Za-z0-9-]+:[\x20-\x7e\x80-\xff\t]*)*")
KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
LEFT_TO_OTHERS = ("sec-websocket-protocol", "content-length", "transfer-encoding", "daphne-root-path")


class Upgrade(NamedTuple):
    """A request to open the WebSocket, as Daphne asks for it; `rest` came behind it."""

    path: str
    headers: dict[str, str]
    key: str
    rest: bytes


def plain_upgrade(data: bytes, path: str) -> Upgrade | None:
    """The request with which a connection begins, if it is one for this path and plain."""
    head, end, rest = data.partition(END)
    first = f"GET {path} HTTP/1.1"
    text = head.decode("latin1")
    if not end or len(head) > HEAD_LIMIT or not text.startswith(first) or not LINES.fullmatch(text, len(first)):
        return None
    lines = [line.partition(":") for line in text.split("\r\n")[1:]]
    headers = {name.lower(): value.strip(" \t") for name, _colon, value in lines}
    key = headers.get("sec-websocket-key", "")
    plain = (
        len(headers) == len(lines)  # none of them twice
        and "host" in headers
        and headers.get("upgrade", "").lower() == "websocket"
        and "upgrade" in [token.strip() for token in headers.get("connection", "").lower().split(",")]
        and headers.get("sec-websocket-version") == "13"
        and KEY.fullmatch(key)
        and headers.keys().isdisjoint(LEFT_TO_OTHERS)
    )
    return Upgrade(path, headers, key, rest) if plain else None


def scope_of(upgrade: Upgrade, peer: Any, host: Any) -> dict[str, Any]:
    """What an ASGI application is told of a connection; `peer` and `host` are Twisted's addresses."""
    return {
        "type": "websocket",
        "path": upgrade.path,
        "raw_path": upgrade.path.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin1")) for name, value in upgrade.headers.items()],
        "query_string": b"",
        "client": _host_and_port(peer),
        "server": _host_and_port(host),
        "subprotocols": [],
    }


def _host_and_port(address: Any) -> list[str | int] | None:
    return [address.host, address.port] if hasattr(address, "port") else None
