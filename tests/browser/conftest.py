"""Ana and Bruno in one room, a Chromium window for each, and an ear for what the browser complains of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.place import Place, open_place

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]

expect.set_options(timeout=15_000)  # the machine may be busy


@dataclass
class Window:
    """Somebody's browser window."""

    page: Page
    context: BrowserContext
    username: str
    complaints: list[str] = field(default_factory=list)
    no_server: bool = False  # the test takes the server away, of which the browser complains

    def hear(self, complaint: str) -> None:
        # The machine's network was taken away by the test, or changed by some other program
        network = "ERR_INTERNET_DISCONNECTED" in complaint or "ERR_NETWORK_CHANGED" in complaint
        if not network and not (self.no_server and "/ws/v1/" in complaint):
            self.complaints.append(complaint)


@dataclass
class Talk:
    """Ana owns the room, Bruno is a member of it."""

    place: Place
    room: int
    ana: Window
    bruno: Window


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    with open_place() as opened:
        yield opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[..., Window]]:
    """Opens a window in which somebody is signed in; at the end nothing may have been complained of."""
    opened: list[Window] = []

    def open_for(username: str, session: str, address: str, **options: Any) -> Window:
        context = browser.new_context(base_url=address, locale="en-GB", **options)
        context.add_cookies([{"name": "plaza_session", "value": session, "url": address}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        found = Window(page, context, username)
        page.on("console", lambda said: found.hear(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: found.hear(str(error)))
        opened.append(found)
        return found

    yield open_for
    for one in opened:
        one.context.close()
    assert [complaint for one in opened for complaint in one.complaints] == []


@pytest.fixture
def window(place: Place, open_window: Callable[..., Window]) -> Callable[..., Window]:
    """Opens a window on the small site."""

    def open_for(username: str, **options: Any) -> Window:
        return open_window(username, place.session(username), place.address, **options)

    return open_for


@pytest.fixture
def guest(place: Place, browser: Browser) -> Iterator[Page]:
    """A window in which nobody is signed in."""
    context = browser.new_context(base_url=place.address, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


@pytest.fixture
def talk(place: Place, window: Callable[..., Window]) -> Talk:
    """Both look at a room of their own making, in which nothing has been said."""
    ana, bruno = place.person("ana"), place.person("bruno")
    room = place.call("rooms.create_room", actor=ana, name="Plaza", kind="closed")
    place.call("members.add_members", actor=ana, room=room, users=[bruno])
    windows = [window(username) for username in (ana, bruno)]
    for one in windows:
        one.page.goto(f"/rooms/{room}/")
    return Talk(place, room, *windows)
