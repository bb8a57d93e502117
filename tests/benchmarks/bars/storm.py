"""Bar 6: 1,000 clients connect and resume at once."""

from pathlib import Path

from tests.benchmarks.chats import Chat, World, make_crowd
from tests.benchmarks.client import Client, Figures
from tests.benchmarks.queries import counted_queries
from tests.benchmarks.report import Report, Row

CLIENTS, CIRCLES, MANY_ROOMS = 1_000, 50, 20
LIMIT = 2


def run(world: World, report: Report) -> None:
    people = world.plaza.people(world.folder, CIRCLES, CLIENTS // CIRCLES)
    nobody = world.folder / "nobody"
    nobody.write_text("- -\n" * CLIENTS)
    for _round in range(report.rounds):
        storm(world, report, world.plaza, people, "resume")
        storm(world, report, world.socketio, nobody, "open")
    if not report.quick:
        storm(world, report, world.plaza, people, "resume", through_haproxy=True)
    ours, theirs = (
        report.middle("storm", "seconds", chat=chat.name, way="straight") for chat in (world.plaza, world.socketio)
    )
    what = f"{CLIENTS:,} connect and resume; the peer's only connect"
    report.add(Row(6, what, "s", ours, theirs, f"≤ {LIMIT} × Socket.IO", ours <= LIMIT * theirs))
    refused = sum(figures["dropped"] for figures in report.found("storm", chat="plaza"))
    report.add(Row(6, "turned away meanwhile", "times", refused, None, "0", refused == 0))
    count_queries(world, report, people)


def storm(
    world: World, report: Report, chat: Chat, people: Path, command: str, *, through_haproxy: bool = False
) -> None:
    with Client(world.folder, chat, people, through_haproxy=through_haproxy) as client:
        figures = strike(client, command, report.seconds(2))
    way = "haproxy" if through_haproxy else "straight"
    report.keep("storm", chat=chat.name, way=way, **figures)


def strike(client: Client, command: str, pause: float) -> Figures:
    """All of them at once, after all were there and left."""
    client.open(CLIENTS)
    client.do("send 250 1 1000" if command == "resume" else "hold 1")  # something to resume
    client.do("close")
    client.do(f"hold {pause}")
    return client.do(f"{command} {CLIENTS} {CLIENTS}")


def count_queries(world: World, report: Report, people: Path) -> None:
    """The same number of people, once in a room each and once in many."""
    in_many = world.folder / "in-many-rooms"
    make_crowd(world.settings, CIRCLES, CLIENTS // CIRCLES, in_many, MANY_ROOMS)
    few, many = (queries_of_a_storm(world, report, file) for file in (people, in_many))
    what = f"queries where each is in {MANY_ROOMS} rooms; peer: in one"
    report.add(Row(6, what, "queries", many, few, "not per room", many <= 1.5 * few))


def queries_of_a_storm(world: World, report: Report, people: Path) -> int:
    with Client(world.folder, world.plaza, people) as client:
        client.do("hold 2")
        with counted_queries(world.database, world.cluster / "postgres.log") as count:
            figures = client.do(f"resume {CLIENTS} {CLIENTS}")
    report.keep("storm_queries", people=people.name, queries=count.queries, **figures)
    return count.queries
