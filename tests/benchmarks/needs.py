"""What a site of so many people needs in its busiest hour: what is assumed, what was measured, and the product."""

from dataclasses import dataclass
from math import ceil

from tests.benchmarks.costs import Costs, Measured, batches


@dataclass(frozen=True)
class Rooms:
    """A kind of room: in how many a person is, its share of the messages, and of its members who see them at once."""

    members: int
    each: int
    share: float
    present: float


# Assumed: how people use a chat at its busiest hour
ONLINE = 0.2  # of all people are connected
PER_HOUR = 12  # messages of each who is connected …
OPENED = 10  # … and rooms that they open: a page of 50 messages each
PEAK = 4  # busiest hour over the mean of a day
KINDS = (Rooms(4, 10, 0.5, 0.5), Rooms(30, 6, 0.35, 0.4), Rooms(300, 3, 0.13, 0.3), Rooms(5_000, 1, 0.02, 0.2))

# Assumed: what a machine takes
BUSY = 0.5  # share of a core that a process may use on average: a deploy and a storm need the rest
CONNECTIONS = 10_000  # a process; held in bar 5
BACK = 5.0  # seconds within which the others take in the people of a process that died
PAGE_POSTGRES = 2e-3  # of a core: a page of 50 messages
PROCESS_MIB = 60  # before its connections
FRAME_BYTES = 750  # a message on the wire, TCP and TLS around it
STORED_BYTES = 1_200  # a message with its indexes

# Measured apart, on the same machine
COME = 1.4e-3  # of a core: one who connects and resumes (bar 6)
HEAR = 60e-6  # seconds: an event from another process (27 µs in the layer; the rest, in the feed, is assumed)
SUBSCRIBER = 1e-6  # of Redis: each further process that hears a message
LOOK, LOOK_POSTGRES = 0.18e-6, 0.42e-6  # a second and room of a process (docs/performance.md)
PRESENCE = 0.22e-6  # of each process, a second and person online: hearing and comparing who is there
PRESENCE_BYTES = 5


@dataclass(frozen=True)
class Needs:
    """Of the busiest hour."""

    people: int
    online: int
    messages: float  # a second
    deliveries: float  # a second
    processes: int
    cores: float  # of the web processes, presence aside
    presence_share: float  # of each process's core
    presence_bytes: float  # a second, out of one Redis
    redis_cores: float
    postgres_cores: float  # that only the primary can give
    page_cores: float  # that a replica can give
    postgres_connections: int
    haproxy_cores: float
    memory_gib: float
    network_gbit: float
    stored_gib: float  # a year


def needs(people: int, found: Measured, costs: Costs, threads: int = 4) -> Needs:
    online = max(1, round(people * ONLINE))
    messages = online * PER_HOUR / 3_600
    deliveries = messages * sum(kind.share * present(kind, people) for kind in KINDS)
    pages = online * OPENED / 3_600
    processes = fewest(people, online, messages, costs, pages * found.page_ms / 1e3)
    redis = found.redis_us / 1e6 + SUBSCRIBER * max(0.0, heard_by(processes, people) - 2)
    looks = processes * rooms_of(processes, people) * LOOK_POSTGRES
    return Needs(
        people=people,
        online=online,
        messages=messages,
        deliveries=deliveries,
        processes=processes,
        cores=cores(processes, people, online, messages, costs) + pages * found.page_ms / 1e3,
        presence_share=online * PRESENCE,
        presence_bytes=processes * online * PRESENCE_BYTES,
        redis_cores=messages * redis,
        postgres_cores=messages * found.postgres_us / 1e6 + looks,
        page_cores=pages * PAGE_POSTGRES,
        postgres_connections=processes * (threads + 12),
        haproxy_cores=deliveries * found.haproxy_us / 1e6,
        memory_gib=(processes * PROCESS_MIB * 1024 + online * found.idle_kib) / 1024**2,
        network_gbit=deliveries * FRAME_BYTES * 8 / 1e9,
        stored_gib=messages / PEAK * 86_400 * 365 * STORED_BYTES / 1024**3,
    )


def present(kind: Rooms, people: int) -> float:
    """How many of a room's members are connected while somebody writes there."""
    return min(kind.members, people) * kind.present


def fewest(people: int, online: int, messages: float, costs: Costs, pages: float) -> int:
    """The fewest processes that are not too busy, and can take in the people of one that dies."""
    processes = max(2, ceil(online / CONNECTIONS))
    while (
        cores(processes, people, online, messages, costs) + pages > processes * BUSY
        or online / processes * COME / (processes - 1) > BACK
    ):
        processes += max(1, processes // 100)
    return processes


def cores(processes: int, people: int, online: int, messages: float, costs: Costs) -> float:
    """Of all processes. The points were measured on at most two: to be heard by more is added, and so is
    the look at rooms, of which they had few."""
    known = costs.cores(
        processes=processes,
        batches=batches(messages, processes, costs.gather),
        messages=messages,
        writes=messages * sum(kind.share * present(kind, people) for kind in KINDS),
        connections=online,
    )
    heard = messages * max(0.0, heard_by(processes, people) - 2) * HEAR
    return known + heard + processes * rooms_of(processes, people) * LOOK


def count(kind: Rooms, people: int) -> float:
    return people * kind.each / min(kind.members, people)


def on_how_many(processes: int, present: float) -> float:
    """Processes on which so many people are, who are spread by chance."""
    elsewhere: float = (1 - 1 / processes) ** present
    return processes * (1 - elsewhere)


def heard_by(processes: int, people: int) -> float:
    """Processes that hear a message, over all kinds of rooms."""
    return sum(kind.share * on_how_many(processes, present(kind, people)) for kind in KINDS)


def rooms_of(processes: int, people: int) -> float:
    """Rooms that a process looks after."""
    return sum(
        count(kind, people) * on_how_many(processes, min(kind.members, people) * ONLINE) / processes for kind in KINDS
    )
