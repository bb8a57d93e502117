"""Requests to open the WebSocket: the plain ones are read at once, the others are left to Daphne."""

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from rooms.live import protocols
from rooms.live.fanout import TransportOutlet
from rooms.live.handshake import plain_upgrade
from rooms.live.protocols import LiveProtocol, Threshold

PATH = "/ws/v1/"
LINES = {
    "Host": "plaza.example",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    "Authorization": "Bearer abc",
    "Cookie": "theme=[dark]; señor=1",
}


def request(first: str = f"GET {PATH} HTTP/1.1", rest: bytes = b"", **changed: str | None) -> bytes:
    """The one above, with other lines or without some: `Sec_WebSocket_Key=None`."""
    lines = LINES | {name.replace("_", "-"): value for name, value in changed.items()}
    said = [f"{name}: {value}" for name, value in lines.items() if value is not None]
    return "\r\n".join([first, *said, "", ""]).encode("latin1") + rest


def test_a_plain_request_is_read_whole() -> None:
    upgrade = plain_upgrade(request(rest=b"\x81\x80abcd"), PATH)
    assert upgrade is not None
    assert upgrade.headers == {name.lower(): value for name, value in LINES.items()}
    assert (upgrade.key, upgrade.rest) == (LINES["Sec-WebSocket-Key"], b"\x81\x80abcd")


@pytest.mark.parametrize(
    "odd",
    [
        request("POST /ws/v1/ HTTP/1.1"),
        request("GET /ws/v1/ HTTP/1.0"),
        request("GET /ws/v1/?x=1 HTTP/1.1"),
        request("GET /ws/v2/ HTTP/1.1"),
        request("GET / HTTP/1.1"),
        request(Host=None),
        request(Upgrade="h2c"),
        request(Connection="keep-alive"),
        request(Sec_WebSocket_Version="8"),
        request(Sec_WebSocket_Key=None),
        request(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ="),
        request(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZ!=="),
        request(Sec_WebSocket_Protocol="chat"),
        request(Content_Length="3"),
        request(Transfer_Encoding="chunked"),
        request(cookie="a=b"),  # twice
        request(X="a\x00b"),
        request(X="a\rb"),
        request().replace(b"Authorization:", b"Authorization :"),
        request().replace(b"Cookie: ", b" Cookie: "),
        request().replace(b"\r\nUpgrade", b"\nUpgrade"),
        request(X="x" * 20_000),
        request()[:-1],
        b"",
        b"\x16\x03\x01 TLS",
    ],
)
def test_what_is_not_plain_is_left_to_others(odd: bytes) -> None:
    assert plain_upgrade(odd, PATH) is None


@given(st.binary(max_size=300), st.integers(0, 300))
def test_whatever_comes_is_read_or_left(noise: bytes, at: int) -> None:
    whole = request()
    for data in (noise, whole[:at] + noise + whole[at:]):
        upgrade = plain_upgrade(data, PATH)
        assert upgrade is None or upgrade.headers.keys() >= {"host", "upgrade", "connection"}


# What comes of it: the same as with stock Daphne


# What stock notes down of a request besides
READ_BY_NOBODY = {
    *("http_headers", "http_status_line", "websocket_origin", "_raw_query_string", "clean_headers", "root_path"),
    *("server_addr", "protocol_to_accept", "last_ping", "application_deferred"),
}


class Listening:
    """A server of Daphne's that notes the scope, and the queue to an application that says nothing yet."""

    root_path, proxy_forwarded_address_header = "", None

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.heard: list[str] = []
        self.ws_factory = WebSocketFactory(self, server="plaza")
        self.ws_factory.protocol = LiveProtocol

    def protocol_connected(self, _protocol: Any) -> None: ...
    def protocol_disconnected(self, _protocol: Any) -> None: ...
    def log_action(self, *_what: Any) -> None: ...

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        self.scopes.append(scope)
        self.protocol = protocol
        return self

    def put_nowait(self, message: dict[str, Any]) -> None:
        self.heard.append(message["type"])


def opened(answer: dict[str, Any] | None, *, stock: bool) -> tuple[dict[str, Any], bytes, Any]:
    """What the application hears, what the client gets, and the protocol that it speaks with; without
    an answer the application broke."""
    server = Listening()
    transport: Any = StringTransport()
    transport.unregisterProducer = lambda: None  # a socket's does not mind when there was none

    def build_http(address: Any) -> Any:
        protocol = HTTPFactory(server).buildProtocol(address)
        protocol.requestFactory = WebRequest
        return protocol

    first = build_http(None) if stock else Threshold(server.ws_factory, build_http)
    transport.protocol = first
    first.makeConnection(transport)
    first.dataReceived(request())
    assert server.heard == ["websocket.connect"]
    if answer is None:
        server.protocol.handle_exception(RuntimeError("broken"))
    else:
        server.protocol.handle_reply(answer)
    return server.scopes[0], transport.value(), server.protocol


def test_a_plain_request_opens_the_same_as_with_stock_daphne() -> None:
    accept = {"type": "websocket.accept"}
    (scope, said, protocol), (stock_scope, stock_said, stock) = (
        opened(accept, stock=False),
        opened(accept, stock=True),
    )
    assert said == stock_said
    assert b"101 Switching Protocols" in said
    assert dict(scope.pop("headers")) == dict(stock_scope.pop("headers"))
    assert scope == stock_scope
    assert protocol.state == stock.state == protocol.STATE_OPEN
    what_was_asked = {name for name in vars(stock) if name.startswith("http_request")}
    assert vars(stock).keys() - vars(protocol).keys() == what_was_asked | READ_BY_NOBODY
    assert protocol.websocket_version == stock.websocket_version


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"type": "websocket.close", "code": 403}, b"HTTP/1.1 403 Access denied"),
        (None, b"HTTP/1.1 500 Internal server error"),
    ],
)
def test_who_is_not_let_in_hears_the_same_as_from_stock_daphne(answer: dict[str, Any] | None, words: bytes) -> None:
    said, stock_said = (opened(answer, stock=stock)[1] for stock in (False, True))
    assert said == stock_said
    assert words in said


def test_a_connection_that_is_lost_leaves_no_garbage() -> None:
    """Garbage of a thousand lost connections would be collected while they come again."""
    protocol = opened({"type": "websocket.accept"}, stock=False)[2]
    protocol.transport.socket = SimpleNamespace(send=len)
    protocol.transport.protocol = protocol.server.protocol = None  # as Twisted and Daphne forget it
    protocol.outlet = TransportOutlet(protocol, protocol.end)
    gc.collect()
    gc.disable()
    try:
        protocol.connectionLost(Failure(ConnectionDone()))
        gone = weakref.ref(protocol)
        del protocol
        assert gone() is None
    finally:
        gc.enable()


def test_who_says_nothing_is_let_go_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    transport: Any = StringTransport()
    monkeypatch.setattr(protocols, "reactor", clock)
    threshold: Any = Threshold(None, pytest.fail)
    threshold.makeConnection(transport)
    clock.advance(protocols.SILENT_SECONDS - 1)
    assert not transport.disconnecting
    clock.advance(1)
    assert transport.disconnecting
    threshold.connectionLost()
    assert not clock.getDelayedCalls()
