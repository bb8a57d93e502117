"""The Redis servers of `REDIS_URL`, as the channel layer and redis-py take them."""

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.sentinel import Sentinel

type RedisHost = dict[str, Any]

HOST = r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?"
SENTINEL = re.compile(
    rf"redis\+sentinel://(?:(?P<username>[^\s:@/]*):(?P<password>[^\s:@/]+)@)?"
    rf"(?P<sentinels>{HOST}(?:,{HOST})*)/(?P<master>[\w.-]+)(?:/(?P<database>[0-9]{{1,4}}))?",
    re.ASCII,
)
SENTINEL_PORT = 26379
# redis-py asks a Sentinel that is away for 4 s before the next (tried), and the link waits for 2 s in all
SENTINEL_WAITS = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": None}


def redis_host(address: str) -> RedisHost:
    """An entry of channels_redis' `hosts`; `address` was judged by `environment.redis_addresses()`."""
    found = SENTINEL.fullmatch(address)
    if found is None:
        return {"address": address}
    host: RedisHost = {
        "master_name": found["master"],
        "sentinels": [_host_and_port(one) for one in found["sentinels"].split(",")],
        "sentinel_kwargs": SENTINEL_WAITS,
        "db": int(found["database"] or 0),
    }
    signed_in = {"username": unquote(found["username"] or ""), "password": unquote(found["password"] or "")}
    return host | {name: value for name, value in signed_in.items() if value}


def _host_and_port(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return str(parts.hostname), parts.port or SENTINEL_PORT


def connect(host: RedisHost, seconds: float) -> Redis:
    """A client that gives up after so long, of the master that Sentinel names now if it looks after it."""
    waits = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    if "address" in host:
        return Redis.from_url(host["address"], **waits)
    options = dict(host)
    sentinels: Any = Sentinel  # redis-py has no types for it
    sentinel = sentinels(options.pop("sentinels"), sentinel_kwargs=options.pop("sentinel_kwargs"))
    master: Redis = sentinel.master_for(options.pop("master_name"), **waits, **options)
    return master
