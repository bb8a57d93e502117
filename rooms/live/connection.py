"""One client's connection: what it was told, what waits for it, and when it has to go."""

import asyncio
import random
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from accounts.models import User
from rooms.live.fanout import Backlog, Tick
from rooms.live.outlet import Outlet, text_frame
from rooms.payloads import ReadPayload, encode

HEARTBEAT = 10  # seconds
QUIET = 8.0  # seconds after which the sweep writes a heartbeat, so that one comes within 10 s
HEARTBEAT_FRAME = text_frame(b'{"type":"heartbeat"}')
LIVE_LIMIT = 1024 * 1024  # bytes of live frames that may wait
# A burst waits until the loop comes round to sending it: who reads has this long to take it. Beyond
# the last limit there is no waiting.
BURST_SECONDS, BURST_LIMIT = 0.5, 4 * LIVE_LIMIT
STALL_SECONDS = 10.0
PING_SECONDS, DEAD_SECONDS = 30.0, 50.0  # of silence; a dead client is found within 60 s
LAST_WORD_SECONDS = 2.0  # for a close frame to get through
REASON_LIMIT = 120  # bytes of UTF-8 in a close frame, which has room for 123
PACE = 256 * 1024  # bytes that may wait before the next answer to a resume is read
PACE_LOOK = 0.02
ASIDES = 20  # commands of one connection that are answered beside the others
MALFORMED_LIMIT = 20  # in a minute

GOING_AWAY = 1012
NOT_SIGNED_IN = 4401
BANNED = 4403
TOO_SLOW = 4408
TOO_MANY = 4429
MALFORMED = 4400
TOO_BIG = 1009


def close_reason(reason: str) -> str:
    """As much of it as a close frame holds."""
    return reason.encode("utf-8", "replace")[:REASON_LIMIT].decode("utf-8", "ignore")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is there, and by which credentials."""

    user: User
    session_key: str | None
    token: int | None
    expires_at: datetime | None


class Connection:
    """Written to by the feed and by the commands; the door reads for it."""

    __slots__ = (
        *("id", "outlet", "identity", "user", "expires_at", "reads", "involvements", "welcomed", "look_later"),
        *("closed", "busy", "unknown", "leave_at", "_tick", "_pushed", "_backlog", "_over", "_malformed", "_typed"),
        *("_asides", "_wrote_at"),
    )

    def __init__(self, outlet: Outlet, identity: Identity, tick: Tick) -> None:
        self.id = token_hex(6)
        self.outlet = outlet
        self.identity = identity
        self.user = identity.user.id
        self.expires_at = identity.expires_at
        self.reads: dict[int, tuple[int, int, int]] = {}  # room → (read_seq, unread, mentions) as told
        self.involvements: dict[int, str] = {}
        self.welcomed = False
        self.look_later: frozenset[int] = frozenset()
        self.closed = False
        self.busy: asyncio.Future[None] | None = None
        self.unknown: asyncio.Future[Any] | None = None  # a write whose outcome is not known yet
        self.leave_at: float | None = None  # once `reconnect` was sent
        self._tick = tick
        self._pushed: list[bytes] | None = None  # live frames for the next flush, the first of which follows `welcome`
        self._backlog: Backlog | None = None  # while something waits
        self._over: asyncio.TimerHandle | None = None  # over the limit since less than BURST_SECONDS
        self._malformed: list[float] = []
        self._typed: dict[int, float] = {}
        self._asides: list[asyncio.Task[None]] = []  # an empty set is four times as large
        self._wrote_at = time.monotonic()

    # Down

    def push(self, frame: bytes) -> None:
        """A ready live frame: it leaves at once or with the next flush, or after `welcome`."""
        if self.closed:
            return
        if self._pushed is not None:
            self._pushed.append(frame)
        elif self.welcomed and self._wrote_at < (moment := self._tick.moment()):
            self._put(frame, moment, live=True)
        else:
            self._pushed = [frame]
            if self.welcomed:
                self._tick.add(self)

    def flush(self, now: float) -> None:
        if self.closed or not (pushed := self._pushed):
            return
        self._pushed = None
        self._put(pushed[0] if len(pushed) == 1 else b"".join(pushed), now, live=True)

    def write(self, *payloads: bytes, live: bool = True) -> None:
        """Its own payloads. What answers its own wish is written at once, after what was pushed."""
        frames = b"".join(map(text_frame, payloads))
        if live:
            self.push(frames)
        elif not self.closed:
            now = time.monotonic()
            if self.welcomed:
                self.flush(now)
            self._put(frames, now, live=False)

    def _put(self, frames: bytes, now: float, *, live: bool) -> None:
        self._wrote_at = now
        if waiting := self.outlet.write(frames):
            self._wait(len(frames), waiting, now, live=live)

    def _wait(self, size: int, waiting: int, now: float, *, live: bool) -> None:
        backlog = self._backlog = self._backlog or Backlog()
        backlog.wrote(size, waiting, now, live=live)
        if backlog.live > BURST_LIMIT:
            self.end_slow()
        elif backlog.live > LIVE_LIMIT and self._over is None:
            self._over = asyncio.get_running_loop().call_later(BURST_SECONDS, self._look_at_backlog)

    def _look_at_backlog(self) -> None:
        self._over = None
        if self._look(time.monotonic()).live > LIVE_LIMIT:
            self.end_slow()

    def send(self, frame: Mapping[str, Any], *, live: bool = True) -> None:
        self.write(encode(frame), live=live)

    def welcome(self) -> None:
        """`welcome` is written: what came meanwhile follows it."""
        self.welcomed = True
        if self._pushed:
            self._tick.add(self)

    async def taken(self) -> None:
        while not self.closed and self.outlet.waiting() >= PACE:
            await asyncio.sleep(PACE_LOOK)

    def wrote_own(self, room: int, seq: int) -> None:
        self.reads[room] = (seq, 0, 0)

    def tell_read(self, read: ReadPayload) -> None:
        """Tell a position that this connection does not know yet."""
        state = (read["read_seq"], read["unread"], read["mentions"])
        if self.reads.get(read["room"]) != state:
            self.reads[read["room"]] = state
            self.send({"type": "read", **read})

    # The end

    def close(self, code: int, reason: str = "") -> None:
        if self.closed:
            return
        if self.welcomed:
            self.flush(time.monotonic())
        self.closed = True
        self.outlet.close(code, close_reason(reason))
        asyncio.get_running_loop().call_later(LAST_WORD_SECONDS, self._make_sure)

    def _make_sure(self) -> None:
        """A close frame behind what a client does not take will never get through."""
        if self.outlet.waiting():
            self.outlet.abort()

    def end_slow(self) -> None:
        self.close(TOO_SLOW, "too slow")

    def gone(self) -> None:
        """The socket is closed."""
        self.closed = True
        self.outlet.abort()

    def ask_to_reconnect(self, within: float) -> None:
        """Draw a moment within so many seconds; who is still here 5 s after it is closed."""
        moment = round(random.uniform(min(0.1, within), within), 1)  # noqa: S311  (spreads load)
        self.leave_at = time.monotonic() + moment + 5
        self.send({"type": "reconnect", "within": moment})

    def sweep(self, now: float) -> None:
        """Once a second: who hears nothing for long hears something, who takes nothing or is dead goes."""
        if self.closed:
            return
        silent = now - self.outlet.heard_at()
        if silent > DEAD_SECONDS:
            self.outlet.abort()
            return
        if silent > PING_SECONDS:
            self.outlet.ping()
        if self.outlet.waiting():
            if now - self._look(now).moved_at > STALL_SECONDS:
                self.end_slow()
            return
        self._backlog = None
        if self.welcomed and now - self._wrote_at > QUIET:
            self.push(HEARTBEAT_FRAME)

    def _look(self, now: float) -> Backlog:
        backlog = self._backlog = self._backlog or Backlog()
        backlog.look(self.outlet.waiting(), now)
        return backlog

    def may_type(self, room: int, pause: float) -> bool:
        """Whether it is time to say again that this person types."""
        now = time.monotonic()
        if now - self._typed.get(room, float("-inf")) < pause:
            return False
        self._typed[room] = now
        return True

    def may_start_aside(self) -> bool:
        return len(self._asides) < ASIDES

    def start_aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Answer a command while the next ones are taken; it begins before they do."""
        task = asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)
        self._asides.append(task)
        task.add_done_callback(self._asides.remove)

    def count_malformed(self) -> bool:
        """Whether it was one too many in this minute."""
        now = time.monotonic()
        self._malformed = [*(moment for moment in self._malformed if moment > now - 60), now]
        return len(self._malformed) > MALFORMED_LIMIT
