"""Bar 5: what connections cost on which nobody writes, 10,000 on one process."""

from tests.benchmarks.chats import Chat, World
from tests.benchmarks.client import Client
from tests.benchmarks.processes import memory
from tests.benchmarks.report import Report, Row

EACH, KIB_ASKED, PERCENT_ASKED = 20, 36, 1.0
SETTLE, HOLD = 11, 30  # seconds: longer than a heartbeat, and than the 25 between two pings


def run(world: World, report: Report) -> None:
    count = 1_000 if report.quick else 10_000
    chats = (world.fresh_plaza("idle"), world.fresh_socketio("idle"))
    for chat in chats:
        measure(world, report, chat, count)
    ours, theirs = (report.found("idle", chat=chat.name)[0] for chat in chats)
    kib, kib_theirs = ours["kib"], theirs["kib"]
    report.add(Row(5, "an idle connection", "KiB", kib, kib_theirs, f"≤ {KIB_ASKED}", kib <= KIB_ASKED))
    percent, percent_theirs = ours["percent"], theirs["percent"]
    met = percent <= PERCENT_ASKED
    report.add(Row(5, "1,000 idle connections", "% of a core", percent, percent_theirs, f"≤ {PERCENT_ASKED}", met))
    held, held_theirs = ours["held"], theirs["held"]
    report.add(Row(5, "held on one process", "connections", held, held_theirs, f"≥ {count:,}", held >= count))


def measure(world: World, report: Report, chat: Chat, count: int) -> None:
    servers = chat.groups["servers"]
    people = chat.people(world.folder, count // EACH, EACH)
    before = memory(servers)
    with Client(world.folder, chat, people) as client:
        opened = client.do(f"open {count} 100")
        client.do(f"hold {report.seconds(SETTLE)}")
        figures = client.do(f"hold {report.seconds(HOLD)}")
        held = figures["readers"]
        after = memory(servers)
    percent = figures["cpu"]["servers"] / figures["seconds"] * 100 / held * 1_000
    kib = (after - before) / held / 1024
    about = {"chat": chat.name, "held": held, "kib": kib, "percent": percent, "opened_in": opened["seconds"]}
    report.keep("idle", **about, bytes_before=before, bytes_after=after, **figures)
