"""Bar 2: the everyday case, 50 rooms of 20 people, 300 messages/s in all: checked, saved, acked, delivered."""

from tests.benchmarks.chats import Chat, World
from tests.benchmarks.client import Client
from tests.benchmarks.report import Report, Row

ROOMS, EACH, RATE = 50, 20, 300
LIMIT = 0.9


def run(world: World, report: Report) -> None:
    chats = (world.plaza, world.socketio_that_saves)
    for _round in range(report.rounds):
        for chat in chats:
            measure(world, report, chat)
    ours, theirs = (report.middle("small_rooms", "servers_us", chat=chat.name) for chat in chats)
    what = f"{ROOMS} rooms of {EACH}: server CPU a message"
    report.add(Row(2, what, "µs", ours, theirs, f"≤ {LIMIT} × Socket.IO", ours <= LIMIT * theirs))
    for group in ("postgres", "redis"):
        ours, theirs = (report.middle("small_rooms", f"{group}_us", chat=chat.name) for chat in chats)
        report.add(Row(2, f"the same, of {group}", "µs", ours, theirs))
    ours, theirs = (report.middle("small_rooms", "ack_p99_ms", chat=chat.name) for chat in chats)
    report.add(Row(2, "p99 of the ack", "ms", ours, theirs))
    report.add(Row(2, "lost, doubled or out of order", "messages", report.faults("small_rooms", chat="plaza")))


def measure(world: World, report: Report, chat: Chat) -> None:
    everybody = ROOMS * EACH
    with Client(world.folder, chat, chat.people(world.folder, ROOMS, EACH)) as client:
        client.open(everybody)
        client.do(f"send {RATE} 1 {everybody}")
        figures = client.do(f"send {RATE} {report.seconds(8)} {everybody}")
    costs = {f"{group}_us": seconds / figures["answered"] * 1e6 for group, seconds in figures["cpu"].items()}
    report.keep("small_rooms", chat=chat.name, **costs, **figures)
