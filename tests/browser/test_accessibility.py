"""axe finds nothing on our pages, and in the admin nothing that stock Django does not have."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import act, field, message, say, sent
from tests.browser.axe import flaws
from tests.browser.conftest import Talk, Window
from tests.browser.place import Place

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
BODIES = [
    "A [link](https://example.org), `code` and **bold**",
    "```python\ndef plaza() -> str:\n    return 'open'  # always\n```",
    "> said before\n\n- one\n- two\n\n1. first\n\n---\n\n~~gone~~ *and* https://example.org/a",
    "🎉",
    "| a | b |\n|---|---|\n| 1 | 2 |",
]


class Look:
    """Collects what axe finds, under the name of the state in which it found it."""

    def __init__(self) -> None:
        self.found: dict[str, list[dict[str, Any]]] = {}

    def at(self, page: Page, state: str) -> None:
        if found := flaws(page):
            self.found[state] = found


@pytest.fixture
def look() -> Iterator[Look]:
    collected = Look()
    yield collected
    assert collected.found == {}


def test_the_doors_of_a_guest(place: Place, guest: Page, look: Look) -> None:
    for address in ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/", "/join/nonsense/"):
        guest.goto(address)
        look.at(guest, address)
    guest.goto("/accounts/login/")
    guest.get_by_label("Password").fill("wrong")
    guest.get_by_role("textbox").first.fill("nobody")
    guest.get_by_role("button", name="Sign in").click()
    expect(guest.locator(".error").first).to_be_visible()
    look.at(guest, "refused sign-in")
    secret = place.call("unset")
    try:
        for address in (f"/setup/?secret={secret}", "/setup/"):
            guest.goto(address)
            look.at(guest, address.partition("?")[0])
    finally:
        place.call("set_up")


def test_the_pages_of_a_newcomer(place: Place, guest: Page, look: Look) -> None:
    code = place.call("invite", username=place.person("owner", is_staff=True, is_superuser=True))
    guest.goto(f"/join/{code}/")
    look.at(guest, "join")
    guest.get_by_label("User name").fill(f"dora-{code[:8].lower()}")
    guest.get_by_label("Your name").fill("Dora")
    guest.get_by_label("Password").first.fill(PASSWORD)
    guest.get_by_role("button", name="Come in").click()
    guest.wait_for_url("**/")
    expect(guest.locator("#empty")).to_be_visible()
    look.at(guest, "welcome")
    addresses = ("/settings/", "/accounts/email/", "/accounts/sessions/", "/accounts/password/change/")
    for address in (*addresses, "/accounts/reauthenticate/", "/accounts/logout/", "/nowhere/"):
        guest.goto(address)
        look.at(guest, address)


def test_the_conversation(talk: Talk, look: Look) -> None:
    page, place = talk.ana.page, talk.place
    place.call("write", room=talk.room, username=talk.bruno.username, bodies=BODIES)
    place.call("rooms.create_room", actor=talk.ana.username, name="Empty", kind="open", topic="Nothing yet")
    say(page, f"Hello @{talk.bruno.username} ")
    say(page, "to be deleted")
    expect(sent(page, "to be deleted")).to_be_visible()
    act(page, "to be deleted", "Delete")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    act(page, "A link", "Reply")
    say(page, "an answer")
    expect(sent(page, "an answer").locator(".answer")).to_be_visible()
    message(page, "A link").hover()
    message(page, "A link").get_by_role("toolbar").get_by_role("button", name="React with 👍").click()
    expect(message(page, "A link").locator(".reaction[data-emoji]")).to_be_visible()
    look.at(page, "messages with a toolbar")
    look.at(talk.bruno.page, "somebody else's reaction and mention")

    message(page, "A link").get_by_role("toolbar").get_by_role("button", name="Add a reaction").click()
    expect(page.get_by_label("Search emoji")).to_be_focused()
    look.at(page, "picker")
    page.keyboard.press("Escape")
    message(page, "A link").hover()
    message(page, "A link").get_by_role("toolbar").get_by_role("button", name="More").click()
    expect(page.get_by_role("menu")).to_be_visible()
    look.at(page, "menu of a message")
    page.keyboard.press("Escape")
    field(page).focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".message__editor textarea")).to_be_focused()
    look.at(page, "editing")
    page.keyboard.press("Escape")
    act(page, "A link", "Reply")
    expect(field(page)).to_be_focused()
    look.at(page, "replying")
    page.keyboard.type("@")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    look.at(page, "names on offer")


def test_the_panel_and_the_dialogs(talk: Talk, look: Look) -> None:
    page = talk.ana.page
    look_after = (
        ("rooms", "Go to…", "#switcher"),
        ("open rooms", "New or open rooms", "#browse"),
        ("people", "New direct conversation", "#people-form"),
    )
    talk.place.call("rooms.create_room", actor=talk.bruno.username, name="Open one", kind="open")
    for state, name, dialog in look_after:
        page.get_by_role("button", name=name).click()
        expect(page.locator(f"{dialog} :is(.choice, .person)").first).to_be_visible()
        look.at(page, state)
        if dialog == "#browse":
            page.locator("#browse").get_by_role("button", name="New room").click()
            expect(page.locator("#room-form")).to_be_visible()
            look.at(page, "new room")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("#talk-people").click()
    expect(page.locator("#panel .person").nth(1)).to_be_visible()
    look.at(page, "members")
    page.get_by_role("button", name="More about this room").click()
    page.get_by_role("menuitem", name="Invitation link").click()
    expect(page.locator("#invite")).to_be_visible()
    look.at(page, "invitation")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More about this room").click()
    page.get_by_role("menuitem", name="Leave").click()
    expect(page.locator("#ask")).to_be_visible()
    look.at(page, "a question")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("menuitem", name="All keys").click()
    expect(page.locator("#keys")).to_be_visible()
    look.at(page, "keys")


def test_a_telephone(talk: Talk, window: Callable[..., Window], look: Look) -> None:
    talk.place.call("write", room=talk.room, username=talk.bruno.username, bodies=BODIES)
    page = window(talk.ana.username, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).page
    page.goto(f"/rooms/{talk.room}/")
    expect(message(page, "A link")).to_be_visible()
    look.at(page, "conversation")
    page.get_by_role("button", name="Open the rooms").tap()
    expect(page.get_by_role("navigation").get_by_role("link", name="Plaza").last).to_be_focused()
    look.at(page, "drawer")
    page.get_by_role("navigation").get_by_role("button", name="Close").tap()
    page.locator("#talk-people").tap()
    expect(page.locator("#panel .person").first).to_be_visible()
    look.at(page, "members' sheet")
