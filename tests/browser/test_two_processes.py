"""Two people in two windows, on two web processes behind HAProxy."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic, sleep, time

import pytest
from playwright.sync_api import WebSocket, expect

from tests.browser.acts import field, message, say, sent
from tests.browser.conftest import Window
from tests.browser.network import Network, open_network
from tests.stage import Actor, Cast, Stage, open_stage

pytestmark = pytest.mark.browser

WEBS = ("web1", "web2")
SILENCE = 15.0  # seconds without a frame
# Notes when the bar was first shown, however shortly
WATCH_THE_BAR = """() => {
  window.barShownAt = null;
  const bar = document.getElementById("bar");
  new MutationObserver(() => { if (!bar.hidden) window.barShownAt ??= Date.now(); })
    .observe(bar, {attributes: true});
}"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with open_stage(2, CHAT_DRAIN_SECONDS="2") as opened:
        yield opened


@pytest.fixture
def network() -> Iterator[Network]:
    with open_network() as opened:
        yield opened


@dataclass
class Sockets:
    """The open WebSockets of a page."""

    open: int = 0
    fewest: int = 0  # since the watch began

    def opened(self, socket: WebSocket) -> None:
        self.open += 1
        socket.on("close", self.closed)

    def closed(self, _socket: WebSocket) -> None:
        self.open -= 1
        self.fewest = min(self.fewest, self.open)

    def watch(self) -> None:
        """A page that is connected has one; of those of a page that was left nothing more is heard."""
        self.open = self.fewest = 1


@dataclass
class Pair:
    """Ana and Bruno look at an open room, each through a process of their own."""

    cast: Cast
    ana: Window
    bruno: Window
    sockets: tuple[Sockets, Sockets]

    def expect_words(self, *words: str) -> None:
        """Both see these, sent, in this order and nothing else."""
        for window in (self.ana, self.bruno):
            expect(sent(window.page, "")).to_have_count(len(words))
            expect(window.page.locator(".message__body")).to_have_text([*words], use_inner_text=True)


@pytest.fixture
def pair(stage: Stage, network: Network, open_window: Callable[..., Window]) -> Pair:
    """Bruno comes through the network."""
    wait_until(lambda: shares(stage) == [0, 0])
    cast = stage.cast("open")
    sockets = Sockets(), Sockets()
    ana = look_in(stage, open_window, cast.ana, cast.room, sockets[0])
    wait_until(lambda: sum(shares(stage)) == 1)
    bruno = look_in(stage, open_window, cast.bruno, cast.room, sockets[1], proxy=network.proxy)
    wait_until(lambda: sum(shares(stage)) == 2)
    while shares(stage) != [1, 1]:  # the balancer counted a request in flight
        bruno.page.reload()
        wait_until(lambda: sum(shares(stage)) == 2)
    return Pair(cast, ana, bruno, sockets)


def look_in(
    stage: Stage, open_window: Callable[..., Window], who: Actor, room: int, sockets: Sockets, **options: object
) -> Window:
    window = open_window(who.username, session_of(stage, who), stage.address, **options)
    window.page.on("websocket", sockets.opened)
    window.page.goto(f"/rooms/{room}/")
    return window


def session_of(stage: Stage, who: Actor) -> str:
    return str(stage.call("make_session", username=who.username))


def shares(stage: Stage) -> list[int]:
    """How many connections each process has."""
    return [stage.connections(web) for web in WEBS]


def wait_until(so: Callable[[], bool], within: float = 15) -> None:
    deadline = monotonic() + within
    while not so():
        assert monotonic() < deadline
        sleep(0.05)


def test_they_talk_both_ways(pair: Pair) -> None:
    say(pair.ana.page, "From one process")
    expect(sent(pair.bruno.page, "From one process")).to_be_visible()
    say(pair.bruno.page, "From the other")
    pair.expect_words("From one process", "From the other")


def test_what_a_moderator_removes_in_the_admin_goes_from_before_both(
    stage: Stage, pair: Pair, open_window: Callable[..., Window]
) -> None:
    say(pair.ana.page, "Buy my watches")
    pair.expect_words("Buy my watches")
    admin = open_window("owner", session_of(stage, stage.owner), stage.address).page
    admin.goto(f"/admin/rooms/message/?q={pair.cast.ana.username}")
    admin.locator(".action-select").check()
    admin.get_by_label("Action:").first.select_option("remove")
    admin.locator("button[name=index]").first.click()
    admin.get_by_role("button", name="Yes, do it").click()
    expect_removal(pair, "Buy my watches")


def test_what_an_operator_removes_goes_from_before_both(stage: Stage, pair: Pair) -> None:
    say(pair.bruno.page, "Buy my hats")
    pair.expect_words("Buy my hats")
    removed = sent(pair.ana.page, "Buy my hats").get_attribute("data-id")
    assert removed
    stage.manage("remove_message", removed, "--as", stage.owner.username)
    expect_removal(pair, "Buy my hats")


def expect_removal(pair: Pair, text: str) -> None:
    for window in (pair.ana, pair.bruno):
        expect(message(window.page, text)).to_have_count(0)
        expect(window.page.locator("article.message--gone")).to_have_count(1)


def test_who_closes_the_lid_finds_every_word_in_order_and_once(pair: Pair, network: Network) -> None:
    say(pair.ana.page, "Before")
    pair.expect_words("Before")
    pair.bruno.no_server = True
    network.cut()
    say(pair.bruno.page, "Without a net")
    expect(message(pair.bruno.page, "Without a net")).to_have_class(re.compile("message--pending"))
    meanwhile = [f"Meanwhile {number}" for number in range(5)]
    for words in meanwhile:
        say(pair.ana.page, words)
    expect(sent(pair.ana.page, "Meanwhile")).to_have_count(5)
    expect(message(pair.bruno.page, "Meanwhile")).to_have_count(0)
    network.mend()
    pair.expect_words("Before", *meanwhile, "Without a net")


def test_a_rolling_restart_is_not_noticed_by_who_is_typing(stage: Stage, pair: Pair) -> None:
    pages = (pair.ana.page, pair.bruno.page)
    for page, sockets in zip(pages, pair.sockets, strict=True):
        page.evaluate(WATCH_THE_BAR)
        sockets.watch()
    said: list[str] = []
    with ThreadPoolExecutor() as pool:
        restarts = pool.submit(lambda: [*map(stage.restart, WEBS)])
        while not restarts.done():
            said.append(f"Sentence {len(said)}")
            field(pair.ana.page).press_sequentially(said[-1], delay=40)
            field(pair.ana.page).press("Enter")
        restarts.result()
    pair.expect_words(*said)
    assert [page.evaluate("window.barShownAt") for page in pages] == [None, None]
    assert [sockets.fewest for sockets in pair.sockets] == [1, 1]  # the next was open before the last went


def test_a_silent_server_is_found_after_15_s(stage: Stage, pair: Pair) -> None:
    pages = (pair.ana.page, pair.bruno.page)
    for page in pages:
        page.evaluate(WATCH_THE_BAR)
    say(pair.ana.page, "The last word")
    pair.expect_words("The last word")
    with ExitStack() as stack:
        for web in WEBS:
            stack.enter_context(stage.stopped(web))
        stopped = time()
        pair.ana.no_server = pair.bruno.no_server = True
        for page in pages:
            expect(page.locator("#bar")).to_be_visible(timeout=30_000)
    for page in pages:
        expect(page.locator("#bar")).to_be_hidden()
        assert SILENCE - 2 < page.evaluate("window.barShownAt") / 1_000 - stopped < SILENCE + 1
    say(pair.bruno.page, "And on it goes")
    pair.expect_words("The last word", "And on it goes")
