"""Bar 1: what a delivery costs the servers, 1,000 members and 33 messages/s on two processes."""

from tests.benchmarks.chats import Chat, World
from tests.benchmarks.client import Client
from tests.benchmarks.report import Report, Row

RATE, SENDERS, MEMBERS = 33, 50, 1_000
RATE_OF_CHANNELS = 5  # the tutorial's chat keeps up with no more than 10,000 deliveries a second
FEWER = (100, 250, 500)


def run(world: World, report: Report) -> None:
    for _round in range(report.rounds):
        for chat in (world.plaza, world.socketio):
            measure(world, report, chat)
        for chat in (world.plaza, world.socketio_on_tcp):
            measure(world, report, chat, through_haproxy=True)
    for chat in channels(world, report):
        measure(world, report, chat)
    if not report.quick:
        for chat in (world.plaza, world.socketio):
            measure_fewer(world, report, chat)
    compare(world, report)


def channels(world: World, report: Report) -> list[Chat]:
    return [] if report.quick else [world.channels_core, world.channels_pubsub]


def measure(world: World, report: Report, chat: Chat, *, through_haproxy: bool = False) -> None:
    people = chat.people(world.folder, 1, MEMBERS)
    with Client(world.folder, chat, people, through_haproxy=through_haproxy) as client:
        client.open(MEMBERS)
        client.do("send 5 1 5")  # who is online is told, code is warm
        keep(report, client, chat, "haproxy" if through_haproxy else "straight", MEMBERS)


def measure_fewer(world: World, report: Report, chat: Chat) -> None:
    with Client(world.folder, chat, chat.people(world.folder, 1, MEMBERS)) as client:
        for members in FEWER:
            client.open(members)
            keep(report, client, chat, "straight", members)


def keep(report: Report, client: Client, chat: Chat, way: str, members: int) -> None:
    rate = RATE_OF_CHANNELS if chat.dialect == "channels" else RATE
    figures = client.do(f"send {rate} {report.seconds(6)} {SENDERS}")
    costs = {f"{group}_us": seconds / figures["deliveries"] * 1e6 for group, seconds in figures["cpu"].items()}
    client_us = figures["client_cpu"] / figures["deliveries"] * 1e6
    report.keep("fan_out", chat=chat.name, way=way, members=members, **costs, client_us=client_us, **figures)


def compare(world: World, report: Report) -> None:
    def middle(what: str, chat: str, way: str = "straight") -> float:
        return report.middle("fan_out", what, chat=chat, way=way, members=MEMBERS)

    ways = (("straight", "straight", "socketio-relay", 0.75), ("haproxy", "behind HAProxy", "socketio-relay-tcp", 0.5))
    for way, words, peer, limit in ways:
        ours, theirs = middle("servers_us", "plaza", way), middle("servers_us", peer, way)
        what = f"fan-out {words}: server CPU a delivery"
        report.add(Row(1, what, "µs", ours, theirs, f"≤ {limit} × Socket.IO", ours <= limit * theirs))
    ours, theirs = (middle("haproxy_us", chat, "haproxy") for chat in ("plaza", "socketio-relay-tcp"))
    report.add(Row(1, "HAProxy's own CPU a delivery", "µs", ours, theirs))
    ours, theirs = (middle("delivery_p99_ms", chat) for chat in ("plaza", "socketio-relay"))
    report.add(Row(1, "p99 of a delivery", "ms", ours, theirs))
    for chat in channels(world, report):
        what = f"beside the Channels tutorial's chat ({chat.name.removeprefix('channels-')})"
        report.add(Row(1, what, "µs", middle("servers_us", "plaza"), middle("servers_us", chat.name)))
    report.add(Row(1, "lost, doubled or out of order", "messages", report.faults("fan_out", chat="plaza")))
