"""Our Daphne: the same server with other limits, and an end that nobody notices.

Stock Daphne runs the site too (`daphne chatsite.asgi:application`), without these graces. Each
override stands beside what stock Daphne 4.2 does instead. The private names that are touched here:
Daphne's `Server.connections` and `kill_all_applications`; those of the way down stand in `fanout.py`.
"""

import asyncio
import gc
import logging
import signal
import time
from typing import Any

import autobahn.websocket.protocol
from daphne.http_protocol import WebRequest
from daphne.server import Server, reactor
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

from rooms.changes import FRAME_LIMIT
from rooms.health import Readiness
from rooms.live.fanout import TransportOutlet, missing_names
from rooms.live.intake import take_texts
from rooms.live.outlet import EXTENSION
from rooms.live.process import live_process

logger = logging.getLogger(__name__)

BACKLOG = 4096  # stock: 50, and a storm of 1,000 connections takes seconds
HANDSHAKE_SECONDS = 20  # stock: 5, then a busy server refuses who came first
NOT_BY_TIMER = 10**9  # seconds between stock's pings, with a timer for each; `Connection.sweep` sends ours
NEVER = -1  # stock: every WebSocket is closed after 24 h
UNREAD_LIMIT, UNREAD_ENOUGH, UNREAD_LOOK = 64, 16, 0.02  # frames of one client that wait for their turn
REQUEST_SECONDS = 30  # for HTTP requests in flight when the server goes
LAST_SECOND = 0.3  # for close frames to leave


def _left_out(_settings: object) -> str:
    """For each connection autobahn writes its settings out, for a log that nobody keeps: a tenth of a
    handshake's time."""
    return ""


autobahn.websocket.protocol.pformat = _left_out  # type: ignore[assignment, attr-defined]


class LiveProtocol(WebSocketProtocol):
    """One WebSocket."""

    outlet: TransportOutlet | None = None
    paused = False

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
        """Through Twisted's buffer: what goes straight to the socket must not overtake it."""
        if self.outlet:
            self.outlet.others_write()
        super().sendData(*args, **kwargs)

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:  # noqa: N802
        super().sendCloseFrame(*args, **kwargs)
        self._say_no_more()

    def connectionLost(self, *args: Any) -> None:  # noqa: N802  (Twisted's name)
        self._say_no_more()
        super().connectionLost(*args)

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


class LiveRequest(WebRequest):
    """One HTTP request. Stock parses uploaded forms a second time, in the event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "parsePOSTFormSubmission": False})


class LiveServer(Server):
    """Daphne's server with our limits, that drains on SIGTERM."""

    def __init__(self, application: Any, endpoint: str) -> None:
        self._ports: list[Any] = []
        self.connections: dict[Any, dict[str, Any]] = {}
        self._stopping = False
        if missing := missing_names():
            logger.warning("Slower, for this Twisted or autobahn has no %s", ", ".join(missing))
        self._direct = not missing
        super().__init__(
            application,
            endpoints=[endpoint],
            signal_handlers=False,
            ready_callable=self._ready,
            websocket_timeout=NEVER,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            websocket_max_message_size=FRAME_LIMIT,
            websocket_max_frame_size=FRAME_LIMIT,
            ping_interval=NOT_BY_TIMER,
            server_name="plaza",
        )

    def _ready(self) -> None:
        # What was loaded by now is no garbage: a collection in the middle of a storm took 0.28 s for it
        gc.collect()
        gc.freeze()
        self.ws_factory.protocol = LiveProtocol
        build = self.http_factory.buildProtocol

        def build_protocol(address: Any) -> Any:
            protocol = build(address)
            protocol.requestFactory = LiveRequest
            return protocol

        self.http_factory.buildProtocol = build_protocol
        loop = asyncio.get_event_loop()
        loop.call_soon(live_process)
        loop.add_signal_handler(signal.SIGTERM, self._go, settings.CHAT_DRAIN_SECONDS)
        loop.add_signal_handler(signal.SIGINT, self._go, 0.0)

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if isinstance(protocol, LiveProtocol) and self._direct:
            protocol.outlet = TransportOutlet(protocol, protocol.end)
            scope["extensions"] = {EXTENSION: protocol.outlet}
        return super().create_application(protocol, scope)

    def kill_all_applications(self) -> Any:
        """Stock fails on a connection whose application has ended already."""
        self.connections = {one: all for one, all in self.connections.items() if "application_instance" in all}
        return super().kill_all_applications()

    # The end: stock cuts every socket on SIGTERM, without a close frame

    def _go(self, drain_seconds: float) -> None:
        if self._stopping:
            reactor.stop()  # asked a second time
            return
        self._stopping = True
        self._goodbye = asyncio.get_running_loop().create_task(self._leave(drain_seconds))

    async def _leave(self, drain_seconds: float) -> None:
        live = live_process()
        try:
            Readiness.draining = live.draining = True
            if drain_seconds:
                await asyncio.sleep(2 * settings.CHAT_CHECK_SECONDS)  # the balancer looks twice
            for port in self._ports:
                port.stopListening()
            if drain_seconds:
                await live.drain(drain_seconds)
                await self._finish_requests()
            else:
                live.close_all()
            await asyncio.sleep(LAST_SECOND)
            await live.stop()
        finally:
            reactor.stop()

    async def _finish_requests(self) -> None:
        deadline = asyncio.get_running_loop().time() + REQUEST_SECONDS
        while self._requests_in_flight() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)

    def _requests_in_flight(self) -> bool:
        return any(
            isinstance(protocol, WebRequest)
            and "disconnected" not in details
            and "application_instance" in details
            and not details["application_instance"].done()
            for protocol, details in self.connections.items()
        )


def endpoint(*, host: str = "", port: int = 0, unix: str = "") -> str:
    """Twisted's description of where to listen."""
    if unix:
        return f"unix:{unix}:backlog={BACKLOG}"
    address = host.replace(":", r"\:")
    return f"tcp:port={port}:interface={address}:backlog={BACKLOG}"
