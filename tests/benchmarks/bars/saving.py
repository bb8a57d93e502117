"""Bar 4: how many messages a second one process saves and acks, from 100 senders in 20 rooms and in one."""

from dataclasses import replace

from tests.benchmarks.chats import Chat, World
from tests.benchmarks.client import Client
from tests.benchmarks.report import Report, Row

SENDERS, WINDOW = 100, 4
ASKED, ASKED_P99_MS = 2_000, 100
ROOMS = (20, 1)


def run(world: World, report: Report) -> None:
    for _round in range(report.rounds):
        for chat in (world.plaza, world.plaza_on_sqlite, world.socketio_that_saves):
            for rooms in ROOMS:
                measure(world, report, chat, rooms)
    for chat, words in ((world.plaza, "PostgreSQL"), (world.plaza_on_sqlite, "SQLite")):
        for rooms in ROOMS:
            compare(report, chat.name, rooms, f"{words}, {rooms} room{'s' * (rooms > 1)}")
        report.add(Row(4, f"{words}: lost, doubled, out of order", "messages", report.faults("saving", chat=chat.name)))


def measure(world: World, report: Report, chat: Chat, rooms: int) -> None:
    one = replace(chat, targets=chat.targets[:1])
    with Client(world.folder, one, chat.people(world.folder, rooms, SENDERS // rooms)) as client:
        client.open(SENDERS)
        client.do(f"fill 1 {report.seconds(1)} {SENDERS}")
        figures = client.do(f"fill {WINDOW} {report.seconds(4)} {SENDERS}")
        rate = figures["answered"] / figures["seconds"]
        report.keep("saving", chat=chat.name, rooms=rooms, kind="full", rate=rate, **figures)
        figures = client.do(f"send {ASKED / 2} {report.seconds(4)} {SENDERS}")
        report.keep("saving", chat=chat.name, rooms=rooms, kind="half", **figures)


def compare(report: Report, chat: str, rooms: int, words: str) -> None:
    ours, theirs = (
        report.middle("saving", "rate", chat=name, rooms=rooms, kind="full") for name in (chat, "socketio-saving")
    )
    report.add(Row(4, f"saved and acked, {words}", "/s", ours, theirs, f"≥ {ASKED:,}", ours >= ASKED))
    ours, theirs = (
        report.middle("saving", "ack_p99_ms", chat=name, rooms=rooms, kind="half") for name in (chat, "socketio-saving")
    )
    what = f"p99 of the ack at {ASKED // 2:,}/s, {words}"
    report.add(Row(4, what, "ms", ours, theirs, f"< {ASKED_P99_MS}", ours < ASKED_P99_MS))
    rates = [figures["rate"] for figures in report.found("saving", chat=chat, rooms=rooms, kind="full")]
    if len(rates) > 1:  # the senders' histories grow meanwhile
        report.add(Row(4, f"in the last round; peer: in the first, {words}", "/s", rates[-1], rates[0]))
