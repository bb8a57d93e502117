"""Redis as the channel layer: the stock one, less what it costs a process that does little else.

channels_redis 4.3 asks its connection ten times a second whether something came, and takes a trip to
Redis for each message: five rooms that were written in at once are five trips (docs/performance.md).
The private names that are touched here: `RedisPubSubChannelLayer._layers`, `_args`, `_kwargs` and
`_get_layer`; of its loop's layer `_shards` and `_get_group_channel_name`; of a shard `_do_receiving`,
`_receive_message`, `_ensure_redis`, `_redis`, `_pubsub` and `_lock`.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection
from channels_redis.utils import _wrap_close, decode_hosts

logger = logging.getLogger(__name__)

UNSUBSCRIBED_SECONDS, FAILED_SECONDS = 0.1, 1.0  # the stock layer's


class RedisLayer(RedisPubSubChannelLayer):
    """Of one Redis server. `group_send_all` is what stock layers do not have."""

    def _get_layer(self) -> "LoopLayer":
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = LoopLayer(*self._args, **self._kwargs, channel_layer=self)
            _wrap_close(self, loop)
        layer: LoopLayer = self._layers[loop]
        return layer


class LoopLayer(RedisPubSubLoopLayer):
    def __init__(self, hosts: list[dict[str, Any]], **options: Any) -> None:
        super().__init__(hosts, **options)
        [host] = decode_hosts(hosts)
        self._shards = [Shard(host, self)]

    async def group_send_all(self, messages: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Publish these, each to its group, in one trip."""
        if not messages:
            return
        serialize = self.channel_layer.serialize
        packed = [(self._get_group_channel_name(group), serialize(message)) for group, message in messages]
        await self._shards[0].publish_all(packed)


class Shard(RedisSingleShardConnection):
    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        async with self._lock:
            self._ensure_redis()
            connection = await self._redis.connection_pool.get_connection()
            try:
                await connection.send_packed_command(
                    connection.pack_commands(("PUBLISH", channel, message) for channel, message in messages)
                )
                for _message in messages:
                    await connection.read_response()
            except BaseException:
                await connection.disconnect(nowait=True)  # or the next would read these answers
                raise
            finally:
                await self._redis.connection_pool.release(connection)

    async def _do_receiving(self) -> None:
        while True:
            try:
                if self._pubsub and self._pubsub.subscribed:
                    message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=None)
                    self._receive_message(message)
                else:
                    await asyncio.sleep(UNSUBSCRIBED_SECONDS)
            except Exception:
                # Whatever redis-py raises: as long as nothing comes, the link's echo is missing, too.
                logger.exception("The connection to Redis failed")
                await asyncio.sleep(FAILED_SECONDS)
