"""Bar 3: the most deliveries a second in one room of 1,000 with p99 under 250 ms and nothing lost."""

from tests.benchmarks.chats import Chat, World
from tests.benchmarks.client import Client
from tests.benchmarks.processes import memory
from tests.benchmarks.report import FAULTS, Report, Row

MEMBERS, SENDERS = 1_000, 50
RATES = (33, 50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 650, 800, 1_000, 1_200, 1_500, 2_000)
P99_MS = 250
ASKED = 3
STALLED, AMONG, STALLED_RATE, STALLED_SECONDS = 20, 200, 200, 15


def run(world: World, report: Report) -> None:
    chats = (world.plaza, world.socketio)
    for number in range(report.rounds):
        for chat in chats:
            climb(world, report, chat, number)
    ours, theirs = (report.middle("hot_room_highest", "deliveries_per_second", chat=chat.name) for chat in chats)
    what = f"a hot room: deliveries a second at p99 < {P99_MS} ms"
    report.add(Row(3, what, "/s", ours, theirs, f"≥ {ASKED} × Socket.IO", ours >= ASKED * theirs))
    if report.quick:
        return
    fresh = (world.fresh_plaza("stalled"), world.fresh_socketio("stalled"))
    ours, theirs = (read_nothing(world, report, chat) for chat in fresh)
    report.add(Row(3, f"{STALLED} who read nothing: memory", "MiB", ours, theirs))


def climb(world: World, report: Report, chat: Chat, number: int) -> None:
    """Step by step, up to the first that fails twice: once may be a hiccup of the machine's."""
    highest = 0.0
    with Client(world.folder, chat, chat.people(world.folder, 1, MEMBERS)) as client:
        client.open(MEMBERS)
        client.do("send 5 1 5")
        for rate in RATES[:: 4 if report.quick else 1]:
            if not (step(report, client, chat, number, rate) or step(report, client, chat, number, rate)):
                break
            highest = rate * MEMBERS
    report.keep("hot_room_highest", chat=chat.name, round=number, deliveries_per_second=highest)


def step(report: Report, client: Client, chat: Chat, number: int, rate: int) -> bool:
    """Whether the chat keeps up with so many messages a second."""
    figures = client.do(f"send {rate} {report.seconds(2.4)} {SENDERS}")
    faults = [fault for fault in FAULTS if fault != "disordered"]  # Socket.IO promises no order
    held = not any(figures[fault] for fault in faults) and figures["delivery_p99_ms"] < P99_MS
    report.keep("hot_room", chat=chat.name, round=number, rate=rate, held=held, **figures)
    return bool(held)


def read_nothing(world: World, report: Report, chat: Chat) -> float:
    """MiB that one process grows by while some members take nothing."""
    servers = chat.groups["servers"]
    with Client(world.folder, chat, chat.people(world.folder, 1, AMONG)) as client:
        client.open(AMONG)
        client.do(f"send {STALLED_RATE} {report.seconds(STALLED_SECONDS) / 3} {SENDERS}")
        before = memory(servers)
        client.do(f"stall {STALLED}")
        figures = client.do(f"send {STALLED_RATE} {report.seconds(STALLED_SECONDS)} {SENDERS}")
        mebibytes = (memory(servers) - before) / 2**20
    report.keep("read_nothing", chat=chat.name, mebibytes=mebibytes, **figures)
    return mebibytes
