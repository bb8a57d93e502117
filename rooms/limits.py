"""How fast one person may write and read: a token bucket each, in this process."""

import threading
import time
from collections.abc import Callable

from django.conf import settings

FORGET_AT = 10_000  # buckets; the full ones among them are then forgotten


class SendLimiter:
    """`burst` at once, `per_second` in the long run."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[int, tuple[float, float]] = {}  # user → (tokens, when)

    def take(self, user_id: int) -> float:
        """0 when the user may write now, else the seconds to wait."""
        with self._lock:
            tokens = self._tokens(user_id)
            if tokens < 1:
                return (1 - tokens) / self._per_second
            self._buckets[user_id] = (tokens - 1, self._clock())
            if len(self._buckets) > FORGET_AT:
                self._forget()
            return 0.0

    def _tokens(self, user_id: int) -> float:
        tokens, since = self._buckets.get(user_id, (float(self._burst), 0.0))
        return min(self._burst, tokens + (self._clock() - since) * self._per_second)

    def _forget(self) -> None:
        full = [user for user in self._buckets if self._tokens(user) >= self._burst]
        for user in full:
            del self._buckets[user]


def _limiter(burst: int, per_second: int) -> SendLimiter:
    """So many times as many as messages."""
    return SendLimiter(settings.CHAT_SEND_BURST * burst, settings.CHAT_SEND_PER_SECOND * per_second)


# Shared by the live door and the API
send_limiter = _limiter(1, 1)
# Of their own, so that edits and reactions never eat up a send
change_limiter = _limiter(4, 4)
# Far above what a page or a poller of many rooms asks: for who copies the site, or tries names
read_limiter = _limiter(50, 20)
