"""Our Daphne: the same server with other limits, and an end that nobody notices.

Stock Daphne runs the site too (`daphne chatsite.asgi:application`), without these graces. Each
override stands beside what stock Daphne 4.2 does instead; those of a single connection are in
`protocols.py`. The private names that are touched here: Daphne's `Server.connections` and
`kill_all_applications`; those of the way down stand in `fanout.py`.
"""

import asyncio
import gc
import logging
import signal
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server, reactor
from django.conf import settings

from rooms.changes import FRAME_LIMIT
from rooms.health import Readiness
from rooms.live.fanout import TransportOutlet, missing_names
from rooms.live.outlet import EXTENSION
from rooms.live.process import live_process
from rooms.live.protocols import LiveProtocol, LiveRequest, Threshold

logger = logging.getLogger(__name__)

BACKLOG = 4096  # stock: 50, and a storm of 1,000 connections takes seconds
NO_LIMIT = 0  # stock: 5 s, with a timer for each; our application opens a WebSocket as soon as it hears of it
NOT_BY_TIMER = 10**9  # seconds between stock's pings, with a timer for each; `Connection.sweep` sends ours
NEVER = -1  # stock: every WebSocket is closed after 24 h
REQUEST_SECONDS = 30  # for HTTP requests in flight when the server goes
COLLECT_AT = 100_000  # objects more than were there; stock: 700
LAST_SECOND = 0.3  # for close frames to leave


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
            websocket_handshake_timeout=NO_LIMIT,
            websocket_max_message_size=FRAME_LIMIT,
            websocket_max_frame_size=FRAME_LIMIT,
            ping_interval=NOT_BY_TIMER,
            server_name="plaza",
        )

    def _ready(self) -> None:
        self._collect_seldom()
        self.ws_factory.protocol = LiveProtocol
        build_http = self.http_factory.buildProtocol

        def build(address: Any) -> Any:
            protocol = build_http(address)
            protocol.requestFactory = LiveRequest
            return protocol

        self.http_factory.buildProtocol = build
        if self._direct:
            LiveProtocol.take_settings_of(self.ws_factory)
            self.http_factory.buildProtocol = lambda _address: Threshold(self.ws_factory, build)
        loop = asyncio.get_event_loop()
        loop.call_soon(live_process)
        loop.add_signal_handler(signal.SIGTERM, self._go, settings.CHAT_DRAIN_SECONDS)
        loop.add_signal_handler(signal.SIGINT, self._go, 0.0)

    def _collect_seldom(self) -> None:
        """What was loaded by now is no garbage, nor are a thousand who come at once, nor is there any of
        those who go (`LiveProtocol.connectionLost`): looking for it took a third of a storm's time."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AT)

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
