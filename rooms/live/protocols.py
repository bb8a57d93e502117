"""One connection as our Daphne takes it: where it differs from stock Daphne 4.2, autobahn and Twisted.

Each override stands beside what the stock one does instead. The private names of the way down stand in
`fanout.py`.
"""

import time
from collections.abc import Callable
from typing import Any

import autobahn.twisted.websocket
import autobahn.websocket.protocol
from daphne.http_protocol import WebRequest
from daphne.server import reactor
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import asyncioreactor
from twisted.internet.protocol import Protocol

from rooms.live.fanout import TransportOutlet
from rooms.live.handshake import Upgrade, plain_upgrade, scope_of
from rooms.live.intake import take_texts
from rooms.live.outlet import PATH

RFC_6455 = 13  # the version of the protocol that it describes
SILENT_SECONDS = 60  # for a connection that says nothing, as Twisted has it for HTTP
UNREAD_LIMIT, UNREAD_ENOUGH, UNREAD_LOOK = 64, 16, 0.02  # frames of one client that wait for their turn


def _left_out(_described: object, *_how: object) -> str:
    """For each connection autobahn describes settings, addresses and functions, for a log that nobody
    keeps: a tenth of a handshake's time."""
    return ""


def _called_by_nobody(_logger: object, function: Callable[..., Any], *arguments: Any) -> Any:
    """For each read and write Twisted notes for the same log who is called; what they raise is caught within."""
    return function(*arguments)


for module in (autobahn.websocket.protocol, autobahn.twisted.websocket):
    for name in {"pformat", "hltype", "hlval"} & vars(module).keys():
        setattr(module, name, _left_out)
if hasattr(asyncioreactor, "callWithLogger"):
    asyncioreactor.callWithLogger = _called_by_nobody


class LiveProtocol(WebSocketProtocol):
    """One WebSocket."""

    outlet: TransportOutlet | None = None
    paused = False
    request: Any = None

    @classmethod
    def take_settings_of(cls, factory: Any) -> None:
        """Stock copies each of thirty to every connection."""
        for name in cls.CONFIG_ATTRS:
            setattr(cls, name, getattr(factory, name))
        cls.CONFIG_ATTRS = []

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  (Twisted's name)
        """Stock describes each read for a log that nobody keeps, and reads all frames the long way."""
        if self.outlet:
            self.outlet.heard = time.monotonic()
        if self._is_between_frames():
            texts, used = take_texts(data)
            for text in texts:
                self._queue({"type": "websocket.receive", "text": text})
            data = data[used:]
        if data:
            self._dataReceived(data)

    def _is_between_frames(self) -> bool:
        """Never, where autobahn no longer has one of these names."""
        return (
            self.state == self.STATE_OPEN
            and not getattr(self, "inside_message", True)
            and getattr(self, "current_frame", self) is None
            and not getattr(self, "data", True)
        )

    def check_timeouts(self) -> None:
        """Stock also looks at the age of each connection, which here has no end, and pings."""
        if self.state == self.STATE_CONNECTING:
            super().check_timeouts()

    def sendData(self, *args: Any, **kwargs: Any) -> None:  # noqa: N802  (autobahn's name)
        """Through Twisted's buffer: what goes straight to the socket must not overtake it. But for what
        opens the connection, which waits for nothing."""
        if self.outlet and self.state == self.STATE_CONNECTING:
            self.outlet.write(args[0])
            return
        if self.outlet:
            self.outlet.others_write()
        super().sendData(*args, **kwargs)

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:  # noqa: N802
        super().sendCloseFrame(*args, **kwargs)
        self._say_no_more()

    def connectionLost(self, *args: Any) -> None:  # noqa: N802  (Twisted's name)
        self._say_no_more()
        super().connectionLost(*args)
        # Each leads back to here: without them it is gone at once, and no garbage of a thousand connections
        # is looked for in the middle of a storm
        self.outlet = self.is_open = self.is_closed = None

    def _say_no_more(self) -> None:
        if self.outlet:
            self.outlet.finish()

    def end(self, code: int, reason: str) -> None:
        """Stock `sendClose` refuses codes such as 1012."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code, reasonUtf8=reason.encode())

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Stock drops the reason of a close."""
        if message["type"] == "websocket.close" and self.state != self.STATE_CONNECTING:
            self.end(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:  # noqa: N802, N803
        """Stock says 400 to an `Origin` that is no address; any but the site's is 403."""
        wrong_origin = "Origin header invalid" in reason
        super().failHandshake(reason, 403 if wrong_origin else code, responseHeaders)

    def onMessage(self, payload: bytes, is_binary: bool) -> None:  # noqa: N802  (autobahn's name)
        kind, content = ("bytes", payload) if is_binary else ("text", payload.decode())
        self._queue({"type": "websocket.receive", kind: content})

    def _queue(self, message: dict[str, Any]) -> None:
        """Stock queues without a bound whatever a client sends faster than it is answered."""
        self.application_queue.put_nowait(message)
        if not self.paused and self.application_queue.qsize() > UNREAD_LIMIT:
            self.paused = True
            self.transport.pauseProducing()
            reactor.callLater(UNREAD_LOOK, self._look_at_queue)

    def _look_at_queue(self) -> None:
        if self.application_queue.qsize() > UNREAD_ENOUGH and self.state == self.STATE_OPEN:
            reactor.callLater(UNREAD_LOOK, self._look_at_queue)
            return
        self.paused = False
        if self.state == self.STATE_OPEN:
            self.transport.resumeProducing()


class PlainProtocol(LiveProtocol):
    """One that began with a plain request: stock makes a scope of what autobahn read, here autobahn reads
    nothing."""

    def begin(self, upgrade: Upgrade) -> None:
        """As stock `onConnect`."""
        self.server, self.request, self.path = self.factory.server_class, upgrade, upgrade.path
        scope = scope_of(upgrade, self.transport.getPeer(), self.transport.getHost())
        self.client_addr, self.socket_opened = scope["client"], time.time()
        self._wskey, self.data = upgrade.key, upgrade.rest
        self.websocket_version = RFC_6455
        self.websocket_protocols: list[str] = []
        self.websocket_extensions: list[Any] = []
        self.server.protocol_connected(self)
        self.application_queue = self.server.create_application(self, scope)
        self.application_queue.put_nowait({"type": "websocket.connect"})

    def serverAccept(self, subprotocol: str | None = None) -> None:  # noqa: N802  (Daphne's name)
        self.succeedHandshake(subprotocol)

    def serverReject(self) -> None:  # noqa: N802
        self.server.protocol_disconnected(self)
        self.failHandshake("Access denied", 403)

    def handle_exception(self, exception: BaseException) -> None:
        if self.state == self.STATE_CONNECTING:
            self.failHandshake("Internal server error", 500)
        else:
            super().handle_exception(exception)


class LiveRequest(WebRequest):
    """One HTTP request. Stock parses uploaded forms a second time, in the event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "parsePOSTFormSubmission": False})


class Threshold(Protocol):
    """What a connection meets first, and leaves with its first bytes: to the WebSocket, or to HTTP."""

    transport: Any = None

    def __init__(self, websockets: Any, build_http: Callable[[Any], Any]) -> None:
        self._websockets = websockets  # Daphne's factory
        self._build_http = build_http

    def connectionMade(self) -> None:  # noqa: N802  (Twisted's name)
        self._patience = reactor.callLater(SILENT_SECONDS, self.transport.loseConnection)

    def connectionLost(self, *_args: Any) -> None:  # noqa: N802
        if self._patience.active():
            self._patience.cancel()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._patience.active():
            self._patience.cancel()
        if upgrade := plain_upgrade(data, PATH):
            protocol = PlainProtocol()
            protocol.factory = self._websockets
            self._hand_over_to(protocol)
            protocol.begin(upgrade)
        else:
            http = self._build_http(self.transport.getPeer())
            self._hand_over_to(http)
            http.dataReceived(data)

    def _hand_over_to(self, protocol: Any) -> None:
        """As Daphne does it when HTTP becomes a WebSocket."""
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
