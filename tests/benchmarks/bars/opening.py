"""Bar 7: opening a room: what it asks of the database, the server and the browser."""

import http.client
import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, sync_playwright

from ops.parts import ROOT
from tests.benchmarks.chats import World
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.queries import counted_queries
from tests.benchmarks.report import Report, Row

SHORT, LONG, LONG_ENOUGH = 100, 100_000, 10_000
ASKED_MS, ASKED_KB, ASKED_INTERACTIVE_MS = 15, 60, 300
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
# One can write, and sees what was said
INTERACTIVE = """() => {
    const look = () => {
        const composer = document.getElementById("composer");
        if (composer && !composer.hidden && document.querySelectorAll("article.message").length >= 20)
            window.interactiveAt = performance.now();
        else
            requestAnimationFrame(look);
    };
    look();
}"""
LOADED = "performance.getEntriesByType('resource').map(entry => entry.name).filter(name => /[.](js|css)$/.test(name))"


@dataclass(frozen=True)
class Visit:
    """Somebody who may look at a room."""

    room: int
    token: str
    session: str


def run(world: World, report: Report) -> None:
    long = LONG_ENOUGH if report.quick else LONG
    visits = {messages: make_history(world, messages) for messages in (SHORT, long)}
    for messages, visit in visits.items():
        for what, path in ways(visit):
            measure_server(world, report, visit, what, path, messages)
    for what, _path in ways(visits[SHORT]):
        compare_server(report, what, long)
    measure_page(world, report, visits[long])


def make_history(world: World, messages: int) -> Visit:
    command = [sys.executable, "-m", "tests.benchmarks.history", str(messages)]
    made = subprocess.run(command, cwd=ROOT, env=world.settings, check=True, stdout=subprocess.PIPE, text=True)
    return Visit(**json.loads(made.stdout))


def ways(visit: Visit) -> tuple[tuple[str, str], ...]:
    return (
        ("the page of a room", f"/rooms/{visit.room}/"),
        ("50 messages over HTTP", f"/api/v1/rooms/{visit.room}/messages?limit=50"),
    )


# The server


def measure_server(world: World, report: Report, visit: Visit, what: str, path: str, messages: int) -> None:
    times, counted = (20, 20) if report.quick else (100, 50)
    get(world, visit, path, 3)
    with counted_queries(world.database, world.cluster / "postgres.log") as count:
        get(world, visit, path, counted)
    servers = world.plaza.groups["servers"]
    before = cpu_seconds(servers)
    size = get(world, visit, path, times)
    milliseconds = (cpu_seconds(servers) - before) / times * 1_000
    report.keep(
        "opening", what=what, messages=messages, queries=count.queries / counted, cpu_ms=milliseconds, bytes=size
    )


def get(world: World, visit: Visit, path: str, times: int) -> int:
    """Ask the first process for it so often, on one connection; the bytes of the last answer."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(world.plaza.targets[0].removeprefix("unix:"))
    headers = {"Host": world.plaza.host, "X-Forwarded-For": "127.0.0.1", "Cookie": f"plaza_session={visit.session}"}
    for _time in range(times):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path} is answered with {answer.status}: {body[:200]!r}")
    connection.close()
    return len(body)


def compare_server(report: Report, what: str, many: int) -> None:
    short, long = (report.found("opening", what=what, messages=messages)[0] for messages in (SHORT, many))
    queries, fewer = long["queries"], short["queries"]
    words = f"{what}: queries at {many:,} messages; peer: at {SHORT}"
    report.add(Row(7, words, "queries", queries, fewer, "constant", queries < fewer + 1))
    slower = max(short["cpu_ms"], long["cpu_ms"])
    words = f"{what}: server CPU at {many:,}; peer: at {SHORT}"
    report.add(Row(7, words, "ms", long["cpu_ms"], short["cpu_ms"], f"< {ASKED_MS}", slower < ASKED_MS))


# The browser


def measure_page(world: World, report: Report, visit: Visit) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = [open_page(browser, world, visit) for _time in range(5 if report.quick else 10)]
        browser.close()
    took = median(milliseconds for milliseconds, _files in opened)
    files = opened[-1][1]
    gzip, brotli = (compressed(world, files, suffix) for suffix in (".gz", ".br"))
    report.keep("opening_page", interactive_ms=[took for took, _files in opened], files=files, gzip=gzip, brotli=brotli)
    for size, name in ((gzip, "gzip"), (brotli, "brotli")):
        what = f"all JavaScript and CSS, {name}, {len(files)} files"
        report.add(Row(7, what, "kB", size / 1_000, None, f"< {ASKED_KB}", size < ASKED_KB * 1_000))
    asked = f"< {ASKED_INTERACTIVE_MS}"
    report.add(Row(7, "interactive in Chromium, nothing cached", "ms", took, None, asked, took < ASKED_INTERACTIVE_MS))


def open_page(browser: Browser, world: World, visit: Visit) -> tuple[float, list[str]]:
    """Milliseconds until one can write, and the scripts and styles that were loaded."""
    address = f"http://{world.plaza.host}"
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "plaza_session", "value": visit.session, "url": address}])
    context.add_init_script(f"({INTERACTIVE})()")
    page = context.new_page()
    page.goto(f"/rooms/{visit.room}/")
    page.wait_for_function("window.interactiveAt")
    took, files = page.evaluate("window.interactiveAt"), page.evaluate(LOADED)
    context.close()
    return float(took), [unquote(urlsplit(file).path) for file in files]


def compressed(world: World, files: list[str], suffix: str) -> int:
    """Bytes on the wire, as `collectstatic` compressed them; as they are, where that saves nothing."""
    static = world.cluster / "data" / "static"
    paths = [static / file.removeprefix("/static/") for file in files]
    return sum(smaller(path, suffix).stat().st_size for path in paths)


def smaller(path: Path, suffix: str) -> Path:
    packed = path.with_name(path.name + suffix)
    return packed if packed.is_file() else path
